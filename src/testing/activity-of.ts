/** Which attempts on record are of one activity: its id may be run again. */
export const activityOf = new WeakMap<object, object>();
