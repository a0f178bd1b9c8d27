/**
 * Builds the dashboard into `.build/dashboard`, which the producer serves, if its inputs have changed.
 * Nothing is inlined, because the page's policy forbids inline script and style.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const dashboardFolder = import.meta.dirname;
const root = path.resolve(dashboardFolder, "../..");
const outDir = path.join(root, ".build/dashboard");
const stamp = path.join(root, ".build/dashboard.txt");

/** The folders that the page imports from, and the versions of what bundles it. */
const inputs = [
  ...[dashboardFolder, path.join(root, "producer/client"), path.join(root, "shared")].flatMap(
    filesBelow,
  ),
  path.join(root, "policies/learn.ts"),
  path.join(root, "package-lock.json"),
];

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

const hash = createHash("sha256");
for (const file of inputs) hash.update(path.relative(root, file)).update(fs.readFileSync(file));
const identity = hash.digest("hex");

if (!fs.existsSync(path.join(outDir, "index.html")) || readStamp() !== identity) {
  const { build } = await import("vite");
  await build({
    root: dashboardFolder,
    configFile: false,
    logLevel: "warn",
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2024",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  fs.writeFileSync(stamp, identity);
}

function readStamp(): string {
  return fs.existsSync(stamp) ? fs.readFileSync(stamp, "utf8") : "";
}
