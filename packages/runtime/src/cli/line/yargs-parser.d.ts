// Its types name only the parser as a whole.

declare module "yargs-parser/browser" {
  export { default } from "yargs-parser";
}
