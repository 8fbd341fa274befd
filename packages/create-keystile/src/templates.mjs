// The templates: what a new project guards. Each is a keystile.toml in dist/templates, made of the repository's examples.

/** By name, the questions' words for each; the first is the default. */
export const TEMPLATES = {
  api: { title: "An API", hint: "two scopes, read and write" },
  automation: { title: "An API for Zapier, n8n and the like", hint: "scopes with presets for each tool" },
  permissions: { title: "A product with a matrix of permissions", hint: "read and write for each kind of thing" },
  organizations: { title: "One key for each organization", hint: "in X-Api-Key, allowed everything by default" },
  plans: { title: "Tokens with abilities, and plans", hint: "rate limits, monthly quotas, keys for each plan" },
  platform: { title: "A platform with live and test keys", hint: "many scopes, a limit for each key, signed webhooks" },
  webhooks: { title: "Webhooks only", hint: "no keys: deliveries are checked and handed to your worker" },
};

/** The example of this repository that each template is made of. The others are written for this package. */
export const EXAMPLES = {
  automation: "konvoq",
  permissions: "voice-crm",
  organizations: "konver",
  plans: "keloa",
  platform: "chatbot-platform",
};
