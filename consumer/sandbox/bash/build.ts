/** Builds the Worker around the bash interpreter into .build/bash; does nothing when its inputs are unchanged. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");
const out = path.join(root, ".build/bash");
const inputs = [
  path.join(import.meta.dirname, "worker.ts"),
  path.join(import.meta.dirname, "build.ts"),
  path.join(root, "shared/limits.ts"),
  path.join(root, "shared/limits/sandbox.ts"),
  path.join(root, "package-lock.json"),
];
const hash = createHash("sha256");
for (const file of inputs) hash.update(fs.readFileSync(file));
const identity = hash.digest("hex").slice(0, 16);
const target = path.join(out, "bash.guest.js");

if (!fs.existsSync(target) || !fs.readFileSync(target, "utf8").startsWith(`//bash@${identity}\n`)) {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [path.join(import.meta.dirname, "worker.ts")],
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "browser",
    minify: true,
    write: false,
    logLevel: "error",
    external: ["cloudflare:workers", "node:*"],
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("The bundle is empty.");
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(target, `//bash@${identity}\n${file.text}`);
  console.log(`The bash interpreter is built: ${Math.round(file.text.length / 1000)} kB.`);
}
