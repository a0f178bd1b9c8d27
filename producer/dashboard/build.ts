/**
 * Builds the dashboard into `.build/dashboard`, which the producer serves. Nothing is inlined, because the
 * page's policy forbids inline script and style.
 */
import path from "node:path";
import { build } from "vite";

const here = import.meta.dirname;

await build({
  root: here,
  configFile: false,
  logLevel: "warn",
  build: {
    outDir: path.resolve(here, "../../.build/dashboard"),
    emptyOutDir: true,
    target: "es2024",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
