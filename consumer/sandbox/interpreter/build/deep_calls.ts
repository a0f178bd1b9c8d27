/** The interpreter's function that runs one call of the program, JS_CallInternal, by its parameters. */
const signature =
  "(param $0 i32) (param $1 i64) (param $2 i64) (param $3 i64) (param $4 i32) (param $5 i32) (param $6 i32) (result i64)";
const parameters = [0, 1, 2, 3, 4, 5, 6].map((n) => `(local.get $${n})`).join(" ");

/** What the host must serve: the same call, on a stack of its own. */
const imported = ` (import "deep" "call" (func $deepen (param i32 i64 i64 i64 i32 i32 i32) (result i64)))`;

/** Where the next piece of stack begins, as an address in linear memory; 0: nowhere. */
const declared = ` (global $piece (mut i32) (i32.const 0))
 (export "piece" (global $piece))`;

/**
 * Lets the program's calls nest deeper than the platform's own stack holds. Where the stack in linear memory
 * has grown by a piece, the call leaves the module and is made again from outside, on a stack of its own
 * (WebAssembly's JavaScript Promise Integration); this one waits until it returns. A throw ends the machine,
 * so nothing restores the global then.
 *
 * Of the module's functions it is the largest with these parameters: names are not in it.
 */
export function deepCalls(lines: readonly string[], pieceBytes: number): string[] {
  const starts = lines.flatMap((line, at) => (line.startsWith(" (func ") ? [at] : []));
  const sizes = starts.map((at, n) => ({ at, size: (starts[n + 1] ?? lines.length) - at }));
  const ours = sizes
    .filter(({ at }) => lines[at]?.endsWith(` ${signature}`))
    .sort((a, b) => b.size - a.size)[0];
  const largest = Math.max(...sizes.map(({ size }) => size));
  if (ours === undefined || ours.size !== largest)
    throw new Error(
      "The interpreter's WebAssembly has another function that runs calls than expected.",
    );
  const name = /\(func (\S+)/.exec(lines[ours.at] ?? "")?.[1];
  let body = ours.at + 1;
  while (lines[body]?.startsWith("  (local ")) body += 1;
  const check = `
  (local $outer i32)
  (local $result i64)
  (if (i32.lt_u (global.get $global$0) (global.get $piece))
   (then
    (local.set $outer (global.get $piece))
    (global.set $piece (i32.sub (global.get $global$0) (i32.const ${pieceBytes})))
    (local.set $result (call $deepen ${parameters}))
    (global.set $piece (local.get $outer))
    (return (local.get $result))))`;
  const firstImport = lines.findIndex((line) => line.startsWith(" (import "));
  const firstExport = lines.findIndex((line) => line.startsWith(" (export "));
  return lines.flatMap((line, at) => {
    if (at === firstImport) return [imported, line];
    if (at === firstExport) return [declared, ` (export "call" (func ${name}))`, line];
    return at === body ? [check.slice(1), line] : [line];
  });
}
