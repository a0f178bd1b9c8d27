/** The types of every call, inferred from the operations: what it is given and what it answers. */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type * as described from "../api/operations.ts";
import type { Fault } from "../http/error_body.ts";
import type { RefusalCode } from "../http/refusals.ts";

type Described = Extract<
  (typeof described)[keyof typeof described],
  { answers: object; method: string; path: string }
>;

/** `GET /v1/tasks/:id` to its operation. */
type Operations = { [O in Described as `${O["method"]} ${O["path"]}`]: O };

/** A call by its method and path, as docs/api.md heads it. */
export type CallName = keyof Operations;

/** `:id` is given as `id`; the `*` at the end of a path as `path`, slashes and all. */
type PathNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathNames<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : Path extends `${string}*`
      ? "path"
      : never;

type QueryOf<O> = O extends { query: infer Q extends TObject }
  ? O extends { labelled: true }
    ? Static<Q> & { [label: `label.${string}`]: string }
    : Static<Q>
  : never;

/** A body that is sent as it is, such as lines of NDJSON or a file. */
export type Raw = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | Blob;

type BodyOf<O> = O extends { body: infer Media }
  ? {
      [Type in keyof Media]:
        | { body: Raw; type: Type }
        | (Type extends "application/json"
            ? Media[Type] extends TSchema
              ? { body: Static<Media[Type]> }
              : never
            : never);
    }[keyof Media]
  : { body?: never };

/** What a call is given. Without a `signal` it ends after two minutes. */
export type Given<Name extends CallName> = {
  [Part in PathNames<Operations[Name]["path"]>]: string;
} & ([QueryOf<Operations[Name]>] extends [never]
  ? { query?: never }
  : { query?: QueryOf<Operations[Name]> | URLSearchParams }) &
  BodyOf<Operations[Name]> &
  (Operations[Name] extends { idempotent: true } ? { idempotencyKey?: string } : unknown) & {
    signal?: AbortSignal;
  };

type ValueOf<Media> = {
  [Type in keyof Media]: Type extends "application/json"
    ? Media[Type] extends TSchema
      ? Static<Media[Type]>
      : never
    : Type extends "application/x-ndjson"
      ? Media[Type] extends TSchema
        ? AsyncIterable<Static<Media[Type]>>
        : never
      : Uint8Array<ArrayBuffer>;
}[keyof Media];

/** What a call answers: JSON as a value, lines one after the other as they come, a file as bytes. */
export type Value<Name extends CallName> = {
  [Status in keyof Operations[Name]["answers"]]: ValueOf<Operations[Name]["answers"][Status]>;
}[keyof Operations[Name]["answers"]];

/** Why a call gave nothing. `code` says which of them it is; `status` is 0 where nothing answered. */
export type Refusal =
  /** The API said no, with one of its codes. */
  | {
      ok: false;
      code: RefusalCode;
      status: number;
      message: string;
      details: Fault[];
      retryAfterSeconds: number | null;
    }
  /** Nothing answered, or not in time. `cause` is what `fetch` threw. */
  | {
      ok: false;
      code: "unreachable" | "aborted";
      status: 0;
      message: string;
      details: Fault[];
      cause: unknown;
    }
  /** Something answered that is no fleet, such as another service or a page that asks to log in. */
  | { ok: false; code: "not_a_fleet"; status: number; message: string; details: Fault[] };

export type Answer<T> = { ok: true; status: number; value: T } | Refusal;

/** Whether `given` may be left out. */
type Rest<Name extends CallName> =
  Record<never, never> extends Given<Name> ? [given?: Given<Name>] : [given: Given<Name>];

/** Makes one call. Never rejects for what a server or a network does. */
export type FleetClient = <Name extends CallName>(
  name: Name,
  ...rest: Rest<Name>
) => Promise<Answer<Value<Name>>>;
