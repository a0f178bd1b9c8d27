import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { requireScope } from "../../../producer/auth/authenticate.ts";
import type { Principal } from "../../../producer/auth/principal.ts";
import { checkTask } from "../../../producer/tasks/check/check.ts";
import { buildCheckScope } from "../../../producer/tasks/check/check_scope.ts";
import { task } from "../client.ts";

const submitter: Principal = { tenant: "default", scopes: ["submit"] };
const admin: Principal = { tenant: "default", scopes: ["submit", "admin"] };

describe("a scripted model is allowed only in local fleets and for admins", () => {
  it.each([
    ["local", submitter, true],
    ["deployed", admin, true],
    ["deployed", submitter, false],
  ] as const)("%s fleet, %o", (FLEET_MODE, principal, allowed) => {
    const result = checkTask(task(), buildCheckScope({ ...env, FLEET_MODE }, principal));
    expect(result.ok).toBe(allowed);
    if (!result.ok) {
      expect(result.error).toMatchObject([
        {
          path: "model",
          message: expect.stringMatching(/scope "admin".*MODEL and MODEL_BASE_URL/),
        },
      ]);
    }
  });
});

describe("a policy", () => {
  it("a tenant that the policy does not name cannot use it", () => {
    const other = buildCheckScope(env, { ...submitter, tenant: "acme" });
    expect(checkTask(task(), other)).toMatchObject({ ok: false, error: [{ path: "policy" }] });
    const FLEET_POLICIES = JSON.stringify({ ours: { rules: [], tenants: ["acme"] } });
    const scopeOf = (tenant: string) =>
      buildCheckScope({ ...env, FLEET_MODE: "local", FLEET_POLICIES }, { ...submitter, tenant });
    expect(checkTask(task({ policy: "ours" }), scopeOf("acme")).ok).toBe(true);
    expect(checkTask(task({ policy: "ours" }), scopeOf("default"))).toMatchObject({
      ok: false,
      error: [{ path: "policy", message: expect.stringContaining("not for tenant default") }],
    });
  });
});

it("the error of a missing scope names the scope", () => {
  expect(requireScope(submitter, "admin")).toMatchObject({
    ok: false,
    error: { kind: "forbidden", message: expect.stringContaining('"admin"') },
  });
});
