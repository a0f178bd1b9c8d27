/** The shape of a policy file. The keyword `advice` says what to write instead; error messages quote it. */
import { type Static, Type } from "@sinclair/typebox";
import { egressLimits } from "../shared/limits.ts";

/** The methods that a sandbox may use. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof methods)[number];
export type Scheme = "http" | "https";

const token = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$";
const SecretName = Type.String({
  pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
  advice: "write the secret's name, letters, digits and _ only; never its value",
});

const Tenants = Type.Array(
  Type.String({ minLength: 1, maxLength: 128, advice: "write a tenant's name" }),
  { maxItems: 1_000, advice: "list the tenants that may use it" },
);

/** A secret that webhooks may sign with. Defaults: `tenants` is the policy's only tenant, `hosts` is any host. */
const SigningSecret = Type.Object(
  {
    name: SecretName,
    tenants: Type.Optional(Tenants),
    hosts: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
        maxItems: egressLimits.rulesMax,
      }),
    ),
  },
  { additionalProperties: false },
);

const Inject = Type.Object(
  {
    header: Type.String({ pattern: token, advice: "write an HTTP header name" }),
    secret: SecretName,
    prefix: Type.Optional(
      Type.String({
        pattern: "^[\\x20-\\x7e]{0,64}$",
        advice: 'write at most 64 printable ASCII characters, such as "Bearer "',
      }),
    ),
  },
  { additionalProperties: false, advice: "write {header, secret, prefix?}" },
);

const PathPrefix = Type.String({
  pattern: "^/",
  maxLength: egressLimits.urlCharsMax,
  advice: "start it with /",
});

const Rule = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 255,
      advice: "write a name such as api.example.com",
    }),
    schemes: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal("https"), Type.Literal("http")], {
          advice: "write https or http",
        }),
        {
          maxItems: 2,
          advice: 'write ["https"], or leave it out',
        },
      ),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, advice: "write a number from 1 to 65535" }),
    ),
    methods: Type.Optional(
      Type.Array(
        Type.Union(
          [
            Type.Literal("GET"),
            Type.Literal("HEAD"),
            Type.Literal("POST"),
            Type.Literal("PUT"),
            Type.Literal("PATCH"),
            Type.Literal("DELETE"),
            Type.Literal("OPTIONS"),
          ],
          { advice: `write one of ${methods.join(", ")}, in upper case` },
        ),
        {
          maxItems: 14,
          advice: "list methods, or leave it out for all seven",
        },
      ),
    ),
    path_prefix: Type.Optional(PathPrefix),
    pathPrefix: Type.Optional(PathPrefix),
    inject: Type.Optional(Inject),
    route: Type.Optional(
      Type.String({
        pattern: "^[A-Z][A-Z0-9_]{0,63}$",
        advice: "write the name of a service binding, in upper case",
      }),
    ),
  },
  { additionalProperties: false, advice: "write an object with at least host" },
);

const count = (advice: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1, advice }));

/** What one task may use through the policy, in total over all attempts. */
const Limits = Type.Object(
  {
    requests: count("write a whole number of requests"),
    bytes_in: count("write a whole number of bytes of response bodies"),
    bytes_out: count("write a whole number of bytes of request bodies"),
    seconds: count("write a whole number of seconds spent on requests"),
  },
  { additionalProperties: false, advice: "write {requests?, bytes_in?, bytes_out?, seconds?}" },
);

export const PolicyFile = Type.Object(
  {
    description: Type.Optional(
      Type.String({ maxLength: 2_000, advice: "write at most 2,000 characters" }),
    ),
    rules: Type.Array(Rule, {
      maxItems: egressLimits.rulesMax,
      advice: `write a list of at most ${egressLimits.rulesMax} rules; an empty list denies everything`,
    }),
    limits: Type.Optional(Limits),
    secrets: Type.Optional(
      Type.Array(
        Type.Union([SecretName, SigningSecret], {
          advice:
            'write the secret\'s name, letters, digits and _ only, or {"name", "tenants"?, "hosts"?}; never its value',
        }),
        {
          maxItems: 64,
          advice: "list the secrets that webhooks may sign with",
        },
      ),
    ),
    tenants: Type.Optional({
      ...Tenants,
      advice: 'list the tenants that may use it, or leave it out for ["default"]',
    }),
    local_development: Type.Optional(Type.Boolean({ advice: "write true or false" })),
  },
  { additionalProperties: false, advice: 'write {"rules": [...]}' },
);

export type Inject = Static<typeof Inject>;
export type SigningSecret = Static<typeof SigningSecret>;
export type Limits = Static<typeof Limits>;

/** A rule after validation: `path_prefix` only, the injected header in lower case. */
export type Rule = Omit<Static<typeof Rule>, "pathPrefix">;

/** A policy after validation. Only `readPolicy` creates it. */
export type Policy = Omit<Static<typeof PolicyFile>, "rules" | "secrets"> & {
  rules: Rule[];
  /** A plain name becomes `{name}`. */
  secrets?: SigningSecret[];
};
