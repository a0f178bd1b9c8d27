/** A part of the programs that read large and messy files, on small ones; npm run test:sandbox runs all of them. */
import { expect, test } from "vitest";
import { makeInput } from "../ordinary/inputs.ts";
import recorded from "../ordinary/recorded_messy.json";
import { run } from "../running.ts";

test.each(recorded)(
  "a program over $input prints what Node prints: $code",
  async ({ input, chars, code, output }) => {
    const { error, logs } = await run(code, { files: { [input]: makeInput(input, chars) } });
    expect(error).toBeNull();
    expect(logs.trimEnd()).toBe(output);
  },
);
