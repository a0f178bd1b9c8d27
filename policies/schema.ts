/**
 * The shape of a policy file. The keyword `mend` says what to write instead; a refusal
 * quotes it, so that shape, type and advice are one text.
 */
import { type Static, Type } from "@sinclair/typebox";
import { egressLimits } from "../shared/limits.ts";

/** The methods that a sandbox may use at all. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof methods)[number];
export type Scheme = "http" | "https";

const token = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$";
const SecretName = Type.String({
  pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
  mend: "write the secret's name, letters, digits and _ only; never its value",
});

const Tenants = Type.Array(
  Type.String({ minLength: 1, maxLength: 128, mend: "write a tenant's name" }),
  { maxItems: 1_000, mend: "list the tenants that may use it" },
);

/** A secret that webhooks may sign with. Without `tenants` it is the policy's one tenant's, without `hosts` for any host. */
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
    header: Type.String({ pattern: token, mend: "write an HTTP header name" }),
    secret: SecretName,
    prefix: Type.Optional(
      Type.String({
        pattern: "^[\\x20-\\x7e]{0,64}$",
        mend: 'write at most 64 printable ASCII characters, such as "Bearer "',
      }),
    ),
  },
  { additionalProperties: false, mend: "write {header, secret, prefix?}" },
);

const PathPrefix = Type.String({
  pattern: "^/",
  maxLength: egressLimits.urlCharsMax,
  mend: "begin with /",
});

const Rule = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 255,
      mend: "write a name such as api.example.com",
    }),
    schemes: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal("https"), Type.Literal("http")], { mend: "write https or http" }),
        {
          maxItems: 2,
          mend: 'write ["https"], or leave it out',
        },
      ),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, mend: "write a number from 1 to 65535" }),
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
          { mend: `write one of ${methods.join(", ")}, in capitals` },
        ),
        {
          maxItems: 14,
          mend: "list methods, or leave it out for all seven",
        },
      ),
    ),
    path_prefix: Type.Optional(PathPrefix),
    pathPrefix: Type.Optional(PathPrefix),
    inject: Type.Optional(Inject),
    route: Type.Optional(
      Type.String({
        pattern: "^[A-Z][A-Z0-9_]{0,63}$",
        mend: "write the name of a service binding, in capitals",
      }),
    ),
  },
  { additionalProperties: false, mend: "write an object with at least host" },
);

const count = (mend: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1, mend }));

/** What one task may use through the policy, in total over all its attempts. */
const Limits = Type.Object(
  {
    requests: count("write a whole number of requests"),
    bytes_in: count("write a whole number of bytes, response bodies counted"),
    bytes_out: count("write a whole number of bytes, request bodies counted"),
    seconds: count("write a whole number of seconds spent on requests"),
  },
  { additionalProperties: false, mend: "write {requests?, bytes_in?, bytes_out?, seconds?}" },
);

export const PolicyFile = Type.Object(
  {
    description: Type.Optional(
      Type.String({ maxLength: 2_000, mend: "write at most 2,000 characters" }),
    ),
    rules: Type.Array(Rule, {
      maxItems: egressLimits.rulesMax,
      mend: `write a list of at most ${egressLimits.rulesMax} rules; an empty list denies everything`,
    }),
    limits: Type.Optional(Limits),
    secrets: Type.Optional(
      Type.Array(
        Type.Union([SecretName, SigningSecret], {
          mend: 'write the secret\'s name, letters, digits and _ only, or {"name", "tenants"?, "hosts"?}; never its value',
        }),
        {
          maxItems: 64,
          mend: "list the secrets that webhooks may sign with",
        },
      ),
    ),
    tenants: Type.Optional({
      ...Tenants,
      mend: 'list the tenants that may use it, or leave it out for ["default"]',
    }),
    local_development: Type.Optional(Type.Boolean({ mend: "write true or false" })),
  },
  { additionalProperties: false, mend: 'write {"rules": [...]}' },
);

export type Inject = Static<typeof Inject>;
export type SigningSecret = Static<typeof SigningSecret>;
export type Limits = Static<typeof Limits>;

/** A rule after validation: one spelling of the prefix, the injected header in lower case. */
export type Rule = Omit<Static<typeof Rule>, "pathPrefix">;

/** A policy after validation. Made by `readPolicy` alone. */
export type Policy = Omit<Static<typeof PolicyFile>, "rules" | "secrets"> & {
  rules: Rule[];
  /** In one spelling: a name alone is `{name}`. */
  secrets?: SigningSecret[];
};
