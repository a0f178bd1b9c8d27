/** A file's text, as the bundler inlines it. */
declare module "*?raw" {
  const text: string;
  export default text;
}
