/** Where the Markdown of a page is: beside the pages, under its path in the repository. */
export function markdownOf(filePath: string): string {
  return `/${filePath.replace(/^site\/(pages\/)?/, '')}`;
}
