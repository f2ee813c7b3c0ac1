// The parser of the code in the playground. It is a package of this folder alone.
export { parse } from 'acorn';
