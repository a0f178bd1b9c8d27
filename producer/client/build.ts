/** The client as plain JavaScript: Node does not strip types inside node_modules. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { transformSync } from "esbuild";

/** The text of client/dist/index.js. */
export function buildClient(): string {
  const typed = readFileSync(path.join(import.meta.dirname, "index.ts"), "utf8");
  const { code } = transformSync(typed, { loader: "ts", format: "esm", target: "es2022" });
  return `// Written by npm run openapi from index.ts, which has the types and the comments.\n${code}`;
}
