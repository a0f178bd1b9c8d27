/**
 * The one contract between the loop and any model: a request in, a reply or a
 * classified failure out. Transports never throw for what an endpoint does.
 */
import type { Failure } from "../task/failures.ts";
import type { RawReply } from "../task/step.ts";
import type { Sampling } from "../task/task.ts";
import type { Quirk } from "./quirks.ts";

/** A part of a user's message: text, or a picture with its estimated tokens. */
export type MessagePart =
  | { type: "text"; text: string }
  | { type: "image_url"; image_url: { url: string }; tokens: number };

/**
 * One message of the transcript. Content is always a string: several endpoints refuse null or parts. Only a
 * message with pictures is sent as its `parts`; its content is their text.
 */
export type Message =
  | { role: "system"; content: string }
  | { role: "user"; content: string; parts?: readonly MessagePart[] }
  | { role: "assistant"; content: string; reasoning?: string; calls?: readonly EchoedCall[] }
  | { role: "tool"; call_id: string; name: string; content: string };

/** A call as it is echoed back to the endpoint; `arguments` is JSON text. */
export interface EchoedCall {
  id: string;
  name: string;
  arguments: string;
}

/** A tool as the model sees it: `parameters` is a simplified JSON Schema, `original` validates. */
export interface ToolOffer {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
  original: Record<string, unknown>;
  /** Calls of tools with effects are never repaired by guessing. */
  effect: "read" | "idempotent" | "effect";
}

export interface ModelRequest {
  model: string;
  taskId: string;
  messages: readonly Message[];
  tools: readonly ToolOffer[];
  /** `none` offers no tool at all; a call of one of `tools` is still read. */
  toolChoice: "auto" | "none" | { name: string };
  /** Ask for JSON of this schema without tools: the last step before plain text. */
  jsonSchema?: Record<string, unknown>;
  /** Ask for the least reasoning: the previous reply was only reasoning. */
  thinkLess?: boolean;
  outputTokensMax: number;
  /** The task's sampling settings. */
  sampling?: Sampling;
  signal: AbortSignal;
  /** Called with the length of each received chunk; resolves once there is room, or to false when `signal` aborts. */
  takeReplyBytes?: (bytes: number) => Promise<boolean>;
}

/** A call after repair. `arguments` is the parsed value, or null where it is unreadable. */
export interface Call {
  /**
   * Ours: unique within the transcript, nine letters and digits. It is what an echoed
   * call carries; transports rewrite it for endpoints that want another form.
   */
  id: string;
  /** The endpoint's own id, or null where it sent none. */
  providerId: string | null;
  /** The cleaned name; it may still be a name that no tool has. */
  name: string;
  /** The text as the model sent it, cut at a limit. */
  argumentsText: string;
  arguments: Record<string, unknown> | null;
  /** Why `arguments` is null or refused, as a text that tells the model what to fix. */
  problem: string | null;
}

export type Finish = "stop" | "calls" | "length" | "filtered" | "unknown";

export interface ReplyUsage {
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  /** Workers AI bills neurons; null where the endpoint does not say. */
  neurons: number | null;
  /** True where the endpoint sent no usage and the numbers are our estimate. */
  estimated: boolean;
}

export interface Reply {
  text: string;
  reasoning: string;
  calls: Call[];
  finish: Finish;
  usage: ReplyUsage;
  /** What was repaired, as constant words; see quirks.ts. */
  quirks: string[];
}

/** `usage` is set on a failure where the endpoint billed the call. */
export type ModelOutcome = (
  | { ok: true; reply: Reply }
  | { ok: false; failure: Failure; usage?: ReplyUsage; quirks?: readonly Quirk[] }
) & {
  /** The endpoint's own text, where the journal keeps it. */
  raw?: RawReply;
};

/** A transport. `complete` never rejects, aborts included. */
export interface Transport {
  complete(request: ModelRequest): Promise<ModelOutcome>;
}
