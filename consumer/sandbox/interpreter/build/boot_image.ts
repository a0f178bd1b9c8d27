import path from "node:path";
import { build } from "esbuild";
import { sandboxLimits } from "../../../../shared/limits.ts";
import { writeImage } from "../quickjs/image.ts";
import type { Machine } from "../quickjs/machine.ts";
import { glue } from "./glue.ts";

/** What the bundle below exports. */
interface Booting {
  Machine: typeof Machine;
}

/**
 * The memory of an instance in which the prelude has run. That takes half a second of CPU, which every isolate
 * would pay at its start. It is the same on every machine: WebAssembly has one meaning, the clock is still,
 * and nothing in the prelude asks the host before a program does.
 */
export async function bootImage(
  root: string,
  wasm: Uint8Array,
  prelude: string,
): Promise<Uint8Array> {
  const bundle = await build({
    entryPoints: [path.join(root, "consumer/sandbox/interpreter/quickjs/machine.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
    logLevel: "error",
    plugins: [glue(root)],
  });
  const text = bundle.outputFiles[0]?.text ?? "";
  const url = `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
  const { Machine } = (await import(url)) as Booting;
  const { bootPages, memoryBytesMax, stackBytesMax } = sandboxLimits;
  const memory = new WebAssembly.Memory({
    initial: bootPages,
    maximum: bootPages + Math.ceil(memoryBytesMax / 65_536),
  });
  const module: WebAssembly.Module = Reflect.construct(WebAssembly.Module, [wasm]);
  return writeImage(await Machine.boot(module, prelude, memory, stackBytesMax));
}
