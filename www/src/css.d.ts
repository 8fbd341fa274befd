/** A stylesheet's minified text, for `CSSStyleSheet.replaceSync`. The build makes it. */
declare module "*.css" {
  const text: string;
  export default text;
}
