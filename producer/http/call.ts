/** One authenticated request, as the routes see it, and what they answer. */
import type { Scope } from "../../shared/new_key.ts";
import type { Result } from "../../shared/result.ts";
import type { Principal } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Operation } from "./operation.ts";
import type { Problem } from "./problem.ts";

export interface Call {
  request: Request;
  url: URL;
  env: ProducerEnv;
  principal: Principal;
  /** A parameter of the route's path, "" where the route has none of that name. */
  param: (name: string) => string;
  /** Work that goes on after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
}

export type Handler = (call: Call) => Promise<Result<Response, Problem>>;

/** An operation and what answers it. */
export interface Route extends Operation {
  scope: Scope;
  handle: Handler;
}

export const route = (described: Operation & { scope: Scope }, handle: Handler): Route => ({
  ...described,
  handle,
});

/** An operation that anyone may call: it holds no tenant's data. */
export interface OpenRoute extends Operation {
  scope: null;
  answer: (env: ProducerEnv) => Response | Promise<Response>;
}
