import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Principal, permit } from "../../producer/auth/auth.ts";
import { checkTask } from "../../producer/tasks/check.ts";
import { checkScope } from "../../producer/tasks/check_scope.ts";
import { task } from "./client.ts";

const submitter: Principal = { tenant: "default", scopes: ["submit"] };
const admin: Principal = { tenant: "default", scopes: ["submit", "admin"] };

describe("a scripted model", () => {
  it.each([
    ["local", submitter, true],
    ["deployed", admin, true],
    ["deployed", submitter, false],
  ] as const)("in a %s fleet: %o", (FLEET_MODE, principal, taken) => {
    const checked = checkTask(task(), checkScope({ ...env, FLEET_MODE }, principal));
    expect(checked.ok).toBe(taken);
    if (!checked.ok) {
      expect(checked.details).toMatchObject([
        {
          path: "model",
          message: expect.stringMatching(/scope "admin".*MODEL and MODEL_BASE_URL/),
        },
      ]);
    }
  });
});

describe("a policy", () => {
  it("is refused to a tenant that it does not name", () => {
    const other = checkScope(env, { ...submitter, tenant: "acme" });
    expect(checkTask(task(), other)).toMatchObject({ ok: false, details: [{ path: "policy" }] });
    const FLEET_POLICIES = JSON.stringify({ ours: { rules: [], tenants: ["acme"] } });
    const scope = (tenant: string) =>
      checkScope({ ...env, FLEET_MODE: "local", FLEET_POLICIES }, { ...submitter, tenant });
    expect(checkTask(task({ policy: "ours" }), scope("acme")).ok).toBe(true);
    expect(checkTask(task({ policy: "ours" }), scope("default"))).toMatchObject({
      ok: false,
      details: [{ path: "policy", message: expect.stringContaining("not for tenant default") }],
    });
  });
});

it("a key without the scope is told which one is missing", () => {
  expect(permit(submitter, "admin")).toMatchObject({
    ok: false,
    problem: { kind: "forbidden", message: expect.stringContaining('"admin"') },
  });
});
