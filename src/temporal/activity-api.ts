/** What we use of Temporal's activity API. Only this file imports `@temporalio/activity`. */
export { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
