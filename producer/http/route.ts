/** One authenticated request as the handlers see it, and the routes that they serve. */

import type { Scope } from "../../shared/identity/scopes.ts";
import type { Result } from "../../shared/result.ts";
import type { Principal } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Operation } from "./operation.ts";
import type { Problem } from "./problem.ts";

export interface RequestContext {
  request: Request;
  url: URL;
  env: ProducerEnv;
  principal: Principal;
  /** A parameter of the route's path; "" where the path has none of that name. */
  param: (name: string) => string;
  /** Work that continues after the response. */
  waitUntil: (work: Promise<unknown>) => void;
}

export type Handler = (context: RequestContext) => Promise<Result<Response, Problem>>;

/** An operation and its handler. */
export interface Route extends Operation {
  scope: Scope;
  handle: Handler;
}

export const route = (operation: Operation & { scope: Scope }, handle: Handler): Route => ({
  ...operation,
  handle,
});

/** An operation that needs no key: it shows no tenant's data. */
export interface OpenRoute extends Operation {
  scope: null;
  respond: (env: ProducerEnv) => Response | Promise<Response>;
}
