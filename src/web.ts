/**
 * systole/web: the heartbeats of one activity as a web `Response`, for a page that shows its
 * progress. It uses no Node module.
 */
export {
  heartbeatResponse,
  type FollowedActivity,
  type HeartbeatResponseOptions,
  type RequestLike,
} from './web/response.js';
