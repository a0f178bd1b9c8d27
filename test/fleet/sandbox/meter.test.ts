/** What metering takes for granted of the interpreter: a module that keeps more is refused at build time. */
import binaryen from "binaryen";
import { expect, test } from "vitest";
import { meter } from "../../../consumer/sandbox/interpreter/build/meter.ts";

const pages = { initial: 1, maximum: 2 };

/** Looks like the interpreter's function that runs calls: the largest, with these parameters. */
const runsCalls = `(func $calls (param i32 i64 i64 i64 i32 i32 i32) (result i64)
  ${"(call $calls (local.get 0) (local.get 1) (local.get 1) (local.get 1) (local.get 0) (local.get 0) (local.get 0)) (drop)".repeat(5)}
  (local.get 1))`;

/** A module with what metering wants to see, a loop, a bulk copy and calls, and with the given text. */
function moduleOf({ globals = "", table = "", body = "", calls = runsCalls } = {}): Uint8Array {
  const parsed = binaryen.parseText(`(module
 (import "a" "a" (memory 1 2))
 (global $global$0 (mut i32) (i32.const 65536))
 ${globals}
 (table $t 4 funcref)
 ${table}
 ${calls}
 (func (export "run") (param i32)
  (loop $again (br_if $again (local.get 0)))
  (memory.copy (i32.const 0) (i32.const 8) (i32.const 8))
  (global.set $global$0 (local.get 0))
  ${body}))`);
  parsed.setFeatures(binaryen.Features.All);
  const bytes = parsed.emitBinary();
  parsed.dispose();
  return bytes;
}

test("the fuel, the stack's pointers and its next piece are exported, and can be set from outside", () => {
  const { wasm } = meter(moduleOf(), pages, 1_000);
  const metered = binaryen.readBinary(wasm);
  const names = metered.emitText().match(/\(export "\w+" \(global/g);
  metered.dispose();
  expect(names).toEqual([
    '(export "fuel" (global',
    '(export "lowest" (global',
    '(export "stack" (global',
    '(export "piece" (global',
  ]);
});

test.each([
  ["another mutable global", { globals: "(global $more (mut i32) (i32.const 0))" }],
  ["a table that it changes", { body: "(table.set $t (i32.const 0) (ref.null func))" }],
  ["a table that grows", { body: "(drop (table.grow $t (ref.null func) (i32.const 1)))" }],
  [
    "a table that is filled",
    { body: "(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))" },
  ],
])("a module with %s is refused", (_case, source) => {
  const parts = { ...source };
  // A global that nothing uses would be dropped with the reading.
  if ("globals" in source) Object.assign(parts, { body: "(global.set $more (local.get 0))" });
  expect(() => meter(moduleOf(parts), pages, 1_000)).toThrow("another shape");
});

test("a module whose function for calls is not recognised is refused", () => {
  expect(() => meter(moduleOf({ calls: "" }), pages, 1_000)).toThrow("another function");
});
