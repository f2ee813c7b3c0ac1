/**
 * systole/web: sends the heartbeats of one activity in a web `Response`, for a page that shows its
 * progress. It uses no Node module.
 */
export {
  heartbeatResponse,
  type FollowedActivity,
  type HeartbeatResponseOptions,
  type RequestLike,
} from './web/response.js';
