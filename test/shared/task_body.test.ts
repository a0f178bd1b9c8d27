import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { storeLimits } from "../../shared/limits.ts";
import { dictionaries } from "../../shared/store/tasks/body_dictionary.ts";
import { splitParts, type TaskBody, unpackBody } from "../../shared/store/tasks/task_body.ts";

const json = fc.option(fc.json());
const error = fc.option(
  fc.record({ code: fc.string(), message: fc.string(), draft: fc.string({ maxLength: 2_000 }) }),
);
const bodies = fc.record({ spec: json, transcript: json, output: json, error }).map(
  ({ error: thrown, ...rest }): TaskBody => ({
    ...rest,
    error: thrown === null ? null : JSON.stringify(thrown),
  }),
);

test("every part of a body is read as it was, from the row or from the body", () => {
  fc.assert(
    fc.property(bodies, fc.boolean(), (body, keepsTranscript) => {
      const parts = splitParts(body, keepsTranscript);
      const read =
        parts.bytes === null
          ? { spec: null, transcript: null, output: null, error: null }
          : unpackBody([...parts.bytes]);
      expect({
        ...read,
        output: parts.output ?? read.output,
        error: read.error ?? parts.error,
      }).toEqual({ ...body, transcript: parts.hasTranscript ? body.transcript : null });
      if (keepsTranscript) expect(parts.hasTranscript).toBe(body.transcript !== null);
    }),
  );
});

test("a row has only a short output, and the code and the message of a long error", () => {
  const long = "x".repeat(storeLimits.outputInRowCharsMax);
  const failure = { code: "c", message: "m", draft: "d".repeat(storeLimits.errorInlineCharsMax) };
  const body = {
    spec: null,
    transcript: null,
    output: JSON.stringify(long),
    error: JSON.stringify(failure),
  };
  const { output, error: short } = splitParts(body);
  expect([output, short]).toEqual([null, JSON.stringify({ code: "c", message: "m" })]);
});

test("a transcript that does not compress to half a page is left for R2", () => {
  const letters = Array.from({ length: 4_000 }, (_, n) => ((n * n * 7919) % 65_521).toString(36));
  const transcript = letters.join("");
  const body = { spec: '{"prompt":"p"}', transcript, output: null, error: null };
  const parts = splitParts(body);
  expect(parts.hasTranscript).toBe(false);
  expect(parts.bytes?.byteLength).toBeLessThan(storeLimits.bodyBytesMax);
  expect(splitParts({ ...body, transcript: "word ".repeat(4_000) }).hasTranscript).toBe(true);
});

test("a body of an unknown version is refused with what to do", () => {
  expect(() => unpackBody([9, 0])).toThrow("unknown version 9: deploy the newest release");
});

test("a dictionary never changes: stored bodies are read with it", () => {
  const hashes = Object.values(dictionaries).map((text) =>
    createHash("sha256").update(text).digest("hex"),
  );
  expect(hashes).toEqual(["36f22b6546838eae4b5a533a897358b80a28d499232656dafe1ce64d631ac265"]);
  const stored = Buffer.from("01ab4694c3054ab50cb0ec58cbc00000", "hex");
  const body = { spec: '{"prompt":"p"}', transcript: '{"seq":1}', output: null, error: null };
  expect(unpackBody(stored)).toEqual(body);
  expect(unpackBody(Uint8Array.from(stored).buffer)).toEqual(body);
});
