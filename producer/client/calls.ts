/** The types of every call, inferred from the operations: its input and its value. */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Err, Ok } from "../../shared/result.ts";
import type * as operations from "../api/operations.ts";
import type { Detail, ErrorCode } from "../http/error_response.ts";

type Operation = Extract<
  (typeof operations)[keyof typeof operations],
  { responses: object; method: string; path: string }
>;

/** Operations by name, such as `GET /v1/tasks/:id`. */
type Operations = { [O in Operation as `${O["method"]} ${O["path"]}`]: O };

/** The method and path of a call, as in the headings of docs/api.md. */
export type CallName = keyof Operations;

/** `:id` is the input field `id`; the `*` at the end of a path is the field `path`, slashes included. */
type PathNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathNames<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : Path extends `${string}*`
      ? "path"
      : never;

type QueryOf<O> = O extends { query: infer Q extends TObject }
  ? O extends { takesLabels: true }
    ? Static<Q> & { [label: `label.${string}`]: string }
    : Static<Q>
  : never;

/** A body that is sent unchanged, such as NDJSON lines or a file. */
export type RawBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | Blob;

type BodyOf<O> = O extends { body: infer Media }
  ? {
      [Type in keyof Media]:
        | { body: RawBody; type: Type }
        | (Type extends "application/json"
            ? Media[Type] extends TSchema
              ? { body: Static<Media[Type]> }
              : never
            : never);
    }[keyof Media]
  : { body?: never };

/** The input of a call. Without a `signal` the call times out after two minutes. */
export type CallInput<Name extends CallName> = {
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
      : Type extends "text/plain"
        ? string
        : Uint8Array<ArrayBuffer>;
}[keyof Media];

/** The value of a call: parsed JSON, NDJSON lines as they arrive, or a file as bytes. */
export type CallValue<Name extends CallName> = {
  [Status in keyof Operations[Name]["responses"]]: ValueOf<Operations[Name]["responses"][Status]>;
}[keyof Operations[Name]["responses"]];

/** Why a call failed. `code` says which of the three it is; `status` is 0 when there was no response. */
export type CallError =
  /** The API rejected the call, with one of its codes. */
  | {
      code: ErrorCode;
      status: number;
      message: string;
      details: Detail[];
      retryAfterSeconds: number | null;
    }
  /** No response came, or not in time. `cause` is what `fetch` threw. */
  | {
      code: "unreachable" | "aborted";
      status: 0;
      message: string;
      details: Detail[];
      cause: unknown;
    }
  /** A response that no fleet sends, such as another service's or a login page. */
  | { code: "not_a_fleet"; status: number; message: string; details: Detail[] };

/** The outcome of one call; `status` is the HTTP status of a success. */
export type CallResult<T> = (Ok<T> & { readonly status: number }) | Err<CallError>;

/** The input may be left out where all of it is optional. */
type OptionalInput<Name extends CallName> =
  Record<never, never> extends CallInput<Name>
    ? [input?: CallInput<Name>]
    : [input: CallInput<Name>];

/** Makes one call. Never rejects because of a server or a network. */
export type FleetClient = <Name extends CallName>(
  name: Name,
  ...input: OptionalInput<Name>
) => Promise<CallResult<CallValue<Name>>>;
