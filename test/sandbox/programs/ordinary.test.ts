import { expect, test } from "vitest";
import recorded from "../ordinary/recorded.json";
import { run } from "../running.ts";

test.each(recorded)(
  "an ordinary program prints what Node prints: $code",
  async ({ code, output }) => {
    const outcome = await run(code);
    expect(outcome.error).toBeNull();
    const printed = outcome.logs
      .split("\n")
      .filter((line) => line !== "to stderr is not captured here")
      .join("\n");
    expect(printed).toBe(output);
  },
);
