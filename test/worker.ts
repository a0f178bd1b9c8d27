/** The Worker that tests run in: what both real Workers export, under one roof. */
export { Governor } from "../consumer/governor/governor.ts";
export { default } from "../consumer/index.ts";
