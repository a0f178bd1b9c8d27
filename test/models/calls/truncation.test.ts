import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { bodyValue } from "../../../consumer/models/reply/reply_body.ts";
import { offer, request } from "../request.ts";
import type { ExpectedCall } from "./render/renderer.ts";
import { renderers } from "./render/renderers.ts";
import { replyTable } from "./replies/reply_table.ts";

const places = 20;
const cutsOf = (text: string): string[] =>
  Array.from({ length: places }, (_, index) =>
    text.slice(0, Math.floor((text.length * (index + 0.5)) / places)),
  );

const probe = offer(
  "probe",
  {
    text: { type: "string" },
    count: { type: "integer" },
    list: { type: "array", items: { type: "string" } },
  },
  { required: ["text", "count"] },
);

interface Seen {
  finish: string;
  runs: { name: string; arguments: unknown }[];
}

function read(content: string, tools = request().tools): Seen {
  const body = { choices: [{ finish_reason: "stop", message: { role: "assistant", content } }] };
  const outcome = normalise(body, request({ tools }), 0);
  if (!outcome.ok) return { finish: outcome.failure.code, runs: [] };
  const runs = outcome.reply.calls
    .filter((call) => call.problem === null)
    .map(({ name, arguments: args }) => ({ name, arguments: args }));
  return { finish: outcome.reply.finish, runs };
}

const oneCall: ExpectedCall = { name: "read_file", arguments: { path: "src/a b.ts", limit: 3 } };
const two: ExpectedCall = {
  name: "search",
  arguments: { query: "cats & dogs", tags: ["x", "42"] },
};

describe("a reply that is cut anywhere is never taken for an answer", () => {
  test.each(renderers.map((renderer) => [renderer.family, renderer] as const))(
    "%s",
    (_name, renderer) => {
      for (const calls of [[oneCall], [oneCall, two]]) {
        for (const cut of cutsOf(renderer.render(calls))) {
          // A cut inside a plain word, as in Command R's "Action:", looks like any short text.
          if (/^\w+:?$/.test(cut)) continue;
          const { finish, runs } = read(cut);
          expect({ cut, finish }).not.toMatchObject({ finish: "stop" });
          // A call before the cut may be complete; no call differs from the one that was meant.
          expect(runs).toEqual(calls.slice(0, runs.length));
        }
      }
    },
  );

  test("and neither is a body that is cut", () => {
    // Each row takes 20 cuts of JSON, so a usual run takes every seventh; EVERY_REPLY=1 takes all.
    const step = process.env.EVERY_REPLY === "1" ? 1 : 7;
    for (const { body, family } of replyTable.filter((_row, index) => index % step === 0)) {
      const text = JSON.stringify(body);
      for (const cut of cutsOf(text)) {
        const outcome = normalise(bodyValue(cut), request(), 0);
        expect({ family, cut, ok: outcome.ok }).toMatchObject({ ok: false });
      }
    }
  });
});

/** Damages of the markup, which leave every value as it was. */
const damage: fc.Arbitrary<(text: string, position: number) => string> = fc.constantFrom(
  (text: string, position: number) => text.slice(0, Math.floor(text.length * position)),
  (text: string, position: number) => dropToken(text, position, ""),
  (text: string, position: number) => dropToken(text, position, "$&$&"),
);

function dropToken(text: string, position: number, replacement: string): string {
  const tokens = [...text.matchAll(/<[^<>\n]{1,60}>|\[\/?[A-Z_]{4,12}\]|```\w*/g)];
  const token = tokens[Math.floor(tokens.length * position)];
  if (token === undefined) return text;
  const { index } = token;
  const end = index + token[0].length;
  return text.slice(0, index) + replacement.replaceAll("$&", token[0]) + text.slice(end);
}

describe("calls with damaged markup come back right or not at all", () => {
  const text = fc.stringMatching(/^[a-z][a-z ]{0,8}[a-z]$/);
  const call = fc
    .record(
      { text, count: fc.nat(), list: fc.array(text, { maxLength: 3 }) },
      { requiredKeys: ["text", "count"], noNullPrototype: true },
    )
    .map((args): ExpectedCall => ({ name: "probe", arguments: args }));
  test.each(renderers.map((renderer) => [renderer.family, renderer] as const))(
    "%s",
    (_name, renderer) => {
      fc.assert(
        fc.property(
          fc.array(call, { minLength: 1, maxLength: 2 }),
          damage,
          fc.double({ min: 0, max: 0.999, noNaN: true }),
          (calls, break_, position) => {
            const damaged = break_(renderer.render(calls), position);
            const { runs } = read(damaged, [probe]);
            for (const run of runs)
              expect({ damaged, calls }).toMatchObject({ calls: expect.arrayContaining([run]) });
            expect(runs.length).toBeLessThanOrEqual(calls.length);
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});
