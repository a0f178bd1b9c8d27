/**
 * The table of replies: every family × every damage × every wire shape, with the expected result. A row
 * without calls to run is a negative: prose, a cut, reasoning, a name that no tool has, a guess too many.
 */
import type { ExpectedCall } from "../render/renderer.ts";
import { renderers } from "../render/renderers.ts";
import { callDamages } from "./call_damages.ts";
import { textDamages } from "./text_damages.ts";
import { shapes } from "./wire_shape.ts";

export interface ReplyRow {
  family: string;
  damage: string;
  shape: string;
  body: unknown;
  /** The calls that may run, in order; none in a negative. */
  expectedCalls: readonly ExpectedCall[];
}

export const replyTable: readonly ReplyRow[] = shapes.flatMap((shape) => [
  ...renderers.flatMap((renderer) =>
    textDamages.flatMap(({ name, text, cut = false, expectedCalls: runs }): ReplyRow[] => {
      const rendered = text(renderer);
      if (rendered === null) return [];
      const body = shape.text(rendered, cut);
      return [
        { family: renderer.family, damage: name, shape: shape.name, body, expectedCalls: runs },
      ];
    }),
  ),
  ...callDamages.map(({ name, calls, cut = false, expectedCalls: runs }): ReplyRow => {
    const body = shape.calls(calls, cut);
    return {
      family: "calls on the wire",
      damage: name,
      shape: shape.name,
      body,
      expectedCalls: runs,
    };
  }),
]);
