/** The activity of each recorded attempt. The id alone does not tell: it may be run again. */
export const activityOf = new WeakMap<object, object>();
