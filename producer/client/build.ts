/** The client as one file of plain JavaScript: Node does not strip types inside node_modules. */
import path from "node:path";
import { buildSync } from "esbuild";

/** The text of client/dist/index.js. */
export function buildClient(): string {
  const { outputFiles } = buildSync({
    entryPoints: ["producer/client/index.ts"],
    absWorkingDir: path.join(import.meta.dirname, "../.."),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  return `// Written by npm run openapi from index.ts, which has the types and the comments.\n${outputFiles[0]?.text}`;
}
