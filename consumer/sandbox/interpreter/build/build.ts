/**
 * Builds the interpreter: the metered QuickJS and the Worker around it, into the ignored
 * folder .build/interpreter. Does nothing when its inputs are unchanged.
 *
 * Of the two published engines the original QuickJS is taken, not QuickJS-NG: with the same
 * interface it is 1.2 times as fast in loops, 2.5 times in regular expressions and 25 times
 * in a counting Map, and it knows the `v` flag and inline modifiers. What only NG has
 * (Array.fromAsync, queueMicrotask, captureStackTrace, atob) the prelude adds.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Plugin } from "esbuild";
import { sandboxLimits } from "../../../../shared/limits.ts";
import { glue } from "./glue.ts";

const interpreterFolder = path.resolve(import.meta.dirname, "..");
const root = path.resolve(interpreterFolder, "../../..");
const out = path.join(root, ".build/interpreter");
const resolve = createRequire(import.meta.url).resolve;
const engine = path.join(
  path.dirname(resolve("@jitl/quickjs-wasmfile-release-sync/package.json")),
  "dist",
);
const wasmFile = path.join(engine, "emscripten-module.wasm");

const identity = hashOf([
  ...filesBelow(interpreterFolder),
  path.join(interpreterFolder, "../limit_error.ts"),
  path.join(interpreterFolder, "../packages.ts"),
  path.join(root, "shared/limits.ts"),
  ...filesBelow(path.join(root, "shared/limits")),
  path.join(root, "shared/files/paths.ts"),
  path.join(root, "package-lock.json"),
]);
const stamp = path.join(out, "inputs.txt");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== identity) {
  const startedAt = performance.now();
  console.log("Building the sandbox, once (about 10 s) …");
  const metered = await meteredWasm();
  const { nodeLibrary } = await import("./node_library.ts");
  const { packageSources } = await import("./packages.ts");
  const { image, lazy } = await nodeLibrary(root);
  const library = { ...lazy, ...(await packageSources(root)) };
  const prelude = await bundlePrelude(image);
  const { bootImage } = await import("./boot_image.ts");
  const bootedImage = await bootImage(root, metered.wasm, prelude);
  const guest = await bundleWorker("worker.ts", library);
  // It has the platform's own modules, and no packages.
  const native = await bundleWorker("native.ts", {});
  const hash = createHash("sha256")
    .update(guest)
    .update(metered.wasm)
    .update(bootedImage)
    .digest("hex")
    .slice(0, 16);
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, "interpreter.wasm"), metered.wasm);
  writeFileSync(path.join(out, "interpreter.image.bin"), bootedImage);
  // The first line is the identity of the whole: guest, WebAssembly and image together.
  writeFileSync(path.join(out, "interpreter.guest.js"), `//interpreter@${hash}\n${guest}`);
  writeFileSync(path.join(out, "native.guest.js"), native);
  writeFileSync(stamp, identity);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const size = Math.round((metered.wasm.length + bootedImage.length + guest.length) / 1000);
  console.log(
    `The sandbox is built in ${seconds} s: ${metered.loops} loops metered, ${size} kB (interpreter@${hash}).`,
  );
}

async function meteredWasm(): Promise<{ wasm: Uint8Array; loops: number }> {
  const source = readFileSync(wasmFile);
  // Metering takes two seconds and depends on two files only: its result is cached.
  const key = [
    hashOf([
      wasmFile,
      path.join(interpreterFolder, "build/meter.ts"),
      path.join(interpreterFolder, "build/deep_calls.ts"),
    ]),
    sandboxLimits.bootPages,
    sandboxLimits.memoryBytesMax,
    sandboxLimits.stackPieceBytes,
  ].join();
  const cacheFile = path.join(
    out,
    `metered-${createHash("sha256").update(key).digest("hex").slice(0, 16)}.wasm`,
  );
  const note = `${cacheFile}.txt`;
  if (existsSync(note))
    return { wasm: readFileSync(cacheFile), loops: Number(readFileSync(note, "utf8")) };
  const pages = {
    initial: sandboxLimits.bootPages,
    maximum: sandboxLimits.bootPages + Math.ceil(sandboxLimits.memoryBytesMax / 65_536) + 32,
  };
  // Loaded only here, because loading binaryen takes longer than an unchanged build.
  const { meter } = await import("./meter.ts");
  const { wasm, loops } = meter(source, pages, sandboxLimits.stackPieceBytes);
  mkdirSync(out, { recursive: true });
  writeFileSync(cacheFile, wasm);
  writeFileSync(note, String(loops));
  return { wasm, loops };
}

/** The prelude as an expression whose value is its boot function. */
async function bundlePrelude(nodeImage: string): Promise<string> {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [path.join(interpreterFolder, "prelude/index.ts")],
    bundle: true,
    format: "iife",
    globalName: "prelude",
    target: "es2023",
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
    logLevel: "error",
  });
  return `(()=>{"use strict";const nodeImage=${nodeImage};${text(result)};return prelude.default})()`;
}

async function bundleWorker(entry: string, library: Record<string, string>): Promise<string> {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [path.join(interpreterFolder, entry)],
    bundle: true,
    format: "esm",
    target: "es2024",
    minify: true,
    keepNames: false,
    write: false,
    logLevel: "error",
    external: ["cloudflare:workers", "node:*", "./interpreter.*", "./program.js"],
    plugins: [glue(root), packageLibrary(library)],
  });
  return text(result);
}

function text(result: { outputFiles: { text: string }[] }): string {
  const [file] = result.outputFiles;
  if (!file) throw new Error("The bundle is empty.");
  return file.text;
}

function packageLibrary(library: Record<string, string>): Plugin {
  return {
    name: "library",
    setup(bundler) {
      bundler.onResolve({ filter: /^flotilla:library$/ }, ({ path: name }) => ({
        path: name,
        namespace: "virtual",
      }));
      bundler.onLoad({ filter: /^flotilla:library$/, namespace: "virtual" }, () => ({
        contents: JSON.stringify(library),
        loader: "json",
      }));
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(path.relative(root, file)).update(readFileSync(file));
  return hash.digest("hex");
}
