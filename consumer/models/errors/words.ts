import type { FailureCode } from "../../../shared/task/failures.ts";

/**
 * What the text of an error means where neither status nor code decides. The patterns are read
 * over a bounded text and hold no repetition inside a repetition.
 */
type Words = readonly (readonly [RegExp, FailureCode])[];

const overflow: Words[number] = [
  /context[ _-]?(?:length|window|size)|exceed_context|maximum (?:context|model|prompt|input|sequence) length|exceeds? (?:the )?max(?:imum)? (?:length|input|number of tokens|context|sequence)|prompt exceeds|too many (?:input |prompt )?tokens|\b(?:prompt|input|request|conversation|messages?|tokens) (?:is |are )?too (?:long|large)|longer than the (?:maximum|model|context)|must have less than \d+ tokens|`inputs` tokens \+|input length \d+ exceeds|token limit|token count of \d+ exceeds|input token count|range of input length|max_tokens must be at least 1, got -|max_seq_len|session_len|physical batch size|no user query found/i,
  "model_overflow",
];
const unfixable: Words[number] = [
  /requires? --?jinja|--jinja|does not support tools|--enable-auto-tool-choice|--tool-call-parser|requires more system memory|image input is not supported|does not support (?:image|vision)|not a multimodal model/i,
  "model_rejected",
];
const loading: Words[number] = [
  /(?:is |currently |still )?loading (?:the )?model|model .{0,80}(?:is )?(?:currently |still )?loading|is starting|starting up|warming up|not ready|cold start/i,
  "model_loading",
];
const contextFull: Words[number] = [
  /overloaded|too busy|server busy|queue is full|maximum pending|no capacity|at capacity|capacity (?:temporarily )?exceeded|high demand/i,
  "model_busy",
];

/** For a 5xx: errors that no retry fixes, then errors that pass by themselves. */
export const serverErrorWords: Words = [unfixable, overflow, loading, contextFull];

/** For a 4xx, an error in a 200, and an error without a status. */
export const requestErrorWords: Words = [
  overflow,
  [/daily free allocation|neurons/i, "model_quota"],
  [
    /insufficient (?:balance|credit|quota|funds)|(?:budget|quota) (?:has been )?exceeded|billing (?:hard )?limit|out of credits?/i,
    "model_unpaid",
  ],
  [/content[ _](?:filter|policy)|moderation|flagged as|inappropriate content/i, "model_refused"],
  [
    /model has crashed|model (?:was )?unloaded|model got unloaded|failed to call a function|failed during generation|generation failed|channel error|connection (?:reset|closed) by peer/i,
    "model_interrupted",
  ],
  loading,
  contextFull,
  [/rate[ -]?limit(?:ed)? (?:reached|exceeded)|rate-limited|too many requests/i, "model_busy"],
  [
    /unexpected endpoint or method|model .{0,120}(?:not found|does not exist|not exist)|model not (?:found|exist)|not a valid model|invalid model|unknown model|no such model|model_not_found/i,
    "model_not_found",
  ],
  unfixable,
];
