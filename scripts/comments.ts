import ts from 'typescript';

/** What a bundler or a tool reads. It stays. */
const FOR_TOOLS = /@__PURE__|^\/\*!|^\/\/#/;

/**
 * Replaces the comments of a file by spaces, so that nothing moves. Bundlers keep those inside of
 * classes: a seventh of what a program reads when it imports the package.
 */
export function blankComments(text: string, path: string): string {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  let rest = text;
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(file);
    if (children.length > 0) children.forEach(visit);
    else {
      const [from, to] = [node.getFullStart(), node.getStart(file)];
      rest = rest.slice(0, from) + blanked(rest.slice(from, to)) + rest.slice(to);
    }
  };
  visit(file);
  return rest;
}

function blanked(between: string): string {
  return between.replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
    FOR_TOOLS.test(comment) ? comment : comment.replace(/[^\n]/g, ' '),
  );
}
