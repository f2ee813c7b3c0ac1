/** What is used of Temporal's activity API. The only file that imports `@temporalio/activity`. */
export { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
