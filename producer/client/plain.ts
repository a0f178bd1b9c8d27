/** The client as plain JavaScript, for a Node that finds it in a package: Node strips no types there. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { transformSync } from "esbuild";

/** What client/index.js holds. */
export function plainClient(): string {
  const typed = readFileSync(path.join(import.meta.dirname, "index.ts"), "utf8");
  const { code } = transformSync(typed, { loader: "ts", format: "esm", target: "es2022" });
  return `// Written by npm run openapi from index.ts, which has the types and the words.\n${code}`;
}
