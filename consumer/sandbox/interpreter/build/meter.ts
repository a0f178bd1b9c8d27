import binaryen from "binaryen";
import { deepCalls } from "./deep_calls.ts";

/** What metering did, for the build's one line and for the tests. */
export interface Metered {
  wasm: Uint8Array;
  loops: number;
  bulkOperations: number;
}

/** Linear memory in 64 KiB pages: what an instance starts with and may never exceed. */
export interface MemoryPages {
  initial: number;
  maximum: number;
}

/** Bytes of a bulk copy or fill per unit of fuel, as a shift: 512 bytes, since a copy is that much faster than a loop. */
const bulkShift = 9;

/** Moves the stack's pointer down, and keeps the lowest address that it had. */
const makeFrame = `
 (func $make_frame (param i32)
  (global.set $global$0 (local.get 0))
  (if (i32.lt_u (local.get 0) (global.get $lowest)) (then (global.set $lowest (local.get 0)))))`;

const burn = `
 (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
 (if (i32.lt_s (global.get $fuel) (i32.const 0)) (then (unreachable)))`;

/** The state outside linear memory. An instance whose state and memory are reset equals a new one. */
const prologue = `
 (global $fuel (mut i32) (i32.const 2147483647))
 (global $lowest (mut i32) (i32.const 0))
 (export "fuel" (global $fuel))
 (export "lowest" (global $lowest))
 (export "stack" (global $global$0))`;

/** Instructions that would let an instance keep state outside its memory and globals. */
const keepsMore = /\((table\.(set|grow|init|copy|fill)|elem\.drop|data\.drop|memory\.init)/;

/**
 * Rewrites a module so that it cannot run for longer than its fuel: every loop header
 * takes one unit, every bulk copy or fill one unit per 512 bytes, and below zero it traps.
 * The count depends only on the instructions, so one program costs the same everywhere.
 *
 * The module's mutable globals, the stack's pointer, the lowest it had, its next piece and the fuel, are exported,
 * and a module that keeps anything other than its memory is rejected: an instance can be made as good as new from outside.
 *
 * The rewriting works on the text form, where a loop header is one line of its own;
 * binaryen's JavaScript interface has no mutable walk over expressions. Functions need no
 * charge at their entry: what recurses without a loop is bounded by the stack.
 */
export function meter(wasm: Uint8Array, pages: MemoryPages, stackPieceBytes: number): Metered {
  const source = binaryen.readBinary(wasm);
  const text = source.emitText();
  source.dispose();

  let loops = 0;
  let bulkOperations = 0;
  let memories = 0;
  const mutable = text.match(/^ \(global \$\S+ \(mut /gm) ?? [];
  const isPlain = mutable.length === 1 && text.includes("(global $global$0 (mut i32)");
  const lines = text.split("\n").map((line) => {
    if (/^\s*\(loop\b/.test(line)) {
      loops += 1;
      return line + burn;
    }
    if (/^\s*\(memory\.(copy|fill)$/.test(line)) {
      bulkOperations += 1;
      return line.replace(/memory\.(copy|fill)/, "call $metered_$1");
    }
    if (/^\s*\(import .*\(memory /.test(line)) {
      memories += 1;
      return line.replace(/ \d+ \d+\)\)$/, ` ${pages.initial} ${pages.maximum}))`);
    }
    return line;
  });
  if (
    loops === 0 ||
    bulkOperations === 0 ||
    memories !== 1 ||
    !isPlain ||
    keepsMore.test(text) ||
    /\(memory\.(?!size)/.test(lines.join("\n"))
  ) {
    throw new Error("The interpreter's WebAssembly has another shape than the metering expects.");
  }
  // A frame is made by a subtraction from the stack's pointer, in the lines after its name.
  const framed = lines.map((line, index) =>
    line.trim() === "(global.set $global$0" &&
    /\(i32\.sub/.test(lines.slice(index + 1, index + 3).join(""))
      ? line.replace("global.set $global$0", "call $make_frame")
      : line,
  );
  const end = lines.lastIndexOf(")");
  const bulk = ["copy", "fill"].map(
    (name) => `
 (func $metered_${name} (param i32 i32 i32)
  (global.set $fuel (i32.sub (global.get $fuel) (i32.shr_u (local.get 2) (i32.const ${bulkShift}))))
  (if (i32.lt_s (global.get $fuel) (i32.const 0)) (then (unreachable)))
  (memory.${name} (local.get 0) (local.get 1) (local.get 2)))`,
  );
  const firstFunction = lines.findIndex((line) => /^ \((global|data|func) /.test(line));
  const rewritten = [
    ...lines.slice(0, firstFunction),
    prologue,
    ...framed.slice(firstFunction, end),
    ...bulk,
    makeFrame,
    ")",
  ];

  const module = binaryen.parseText(deepCalls(rewritten, stackPieceBytes).join("\n"));
  // Runtimes support fewer features than binaryen, so all others stay off.
  module.setFeatures(
    binaryen.Features.MutableGlobals |
      binaryen.Features.BulkMemory |
      binaryen.Features.BulkMemoryOpt |
      binaryen.Features.SignExt |
      binaryen.Features.NontrappingFPToInt,
  );
  if (!module.validate()) throw new Error("The metered interpreter is not valid WebAssembly.");
  const binary = module.emitBinary();
  module.dispose();
  return { wasm: binary, loops, bulkOperations };
}
