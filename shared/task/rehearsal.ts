import { type Static, Type } from "@sinclair/typebox";
import { modelLimits, taskLimits } from "../limits.ts";

// The turns of the scripted model, as a task carries them.

const delay_ms = Type.Optional(
  Type.Integer({ minimum: 0, maximum: taskLimits.rehearsalDelayMsMax }),
);
const strict = { additionalProperties: false } as const;

const textTurn = Type.Object({ text: Type.String(), delay_ms }, strict);

const callsTurn = Type.Object(
  {
    calls: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 200 }),
          /** An object; text is sent unchanged, so that damaged arguments can be rehearsed. */
          arguments: Type.Optional(
            Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()]),
          ),
        },
        strict,
      ),
      { minItems: 1, maxItems: modelLimits.callsPerReplyMax },
    ),
    text: Type.Optional(Type.String()),
    delay_ms,
  },
  strict,
);

const rawTurn = Type.Object({ raw: Type.Unknown(), delay_ms }, strict);

const errorTurn = Type.Object(
  {
    error: Type.Object(
      {
        status: Type.Integer({ minimum: 300, maximum: 599 }),
        code: Type.Union([Type.String(), Type.Number()]),
        message: Type.String(),
        /** Seconds, as in the header. */
        retry_after: Type.Optional(Type.Number({ minimum: 0 })),
      },
      strict,
    ),
    delay_ms,
  },
  strict,
);

/** One turn: exactly one of text, calls, raw, error or when; `then` and `else` are turns again. */
export const turnSchema = Type.Recursive(
  (turn) =>
    Type.Union([
      textTurn,
      callsTurn,
      rawTurn,
      errorTurn,
      Type.Object(
        {
          when: Type.Object({ tool_result_contains: Type.String() }, strict),
          then: turn,
          else: turn,
          delay_ms,
        },
        strict,
      ),
    ]),
  { $id: "RehearsalTurn" },
);

export const rehearsalSchema = Type.Array(turnSchema, {
  minItems: 1,
  maxItems: taskLimits.rehearsalTurnsMax,
});

export type RehearsalTurn = Static<typeof turnSchema>;
export type Rehearsal = readonly RehearsalTurn[];
