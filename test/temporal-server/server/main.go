// A real Temporal server for the tests: in memory, on a free port of the loopback interface.
// It prints one line of JSON, {"address":"…","namespace":"…"}, and ends when its input is closed.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/temporaltest"
)

func main() {
	key := dynamicconfig.MakeKey
	config := dynamicconfig.StaticClient{
		key("history.enableStandaloneActivityOperatorCommands"): true,
		// A timer may be late by this much; the default of a second would drown what is measured.
		key("history.timerProcessorMaxTimeShift"):             10 * time.Millisecond,
		key("matching.numTaskqueueReadPartitions"):            1,
		key("matching.numTaskqueueWritePartitions"):           1,
		key("frontend.enableCancelWorkerPollsOnShutdown"):     true,
		key("frontend.enableServerVersionCheck"):              false,
		key("system.forceSearchAttributesCacheRefreshOnRead"): true,
	}
	server := temporaltest.NewServer(
		temporaltest.WithBaseServerOptions(temporal.WithDynamicConfigClient(config)),
	)
	fmt.Printf("{\"address\":%q,\"namespace\":%q}\n",
		server.GetFrontendHostPort(), server.GetDefaultNamespace())
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Stop()
}
