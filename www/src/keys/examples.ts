// Programs that call the guarded API with a key.

/** How a key is sent: a header, and what stands before the key in it; or a part of Basic credentials. */
export type Sent = { header: string; before: string } | { basic: (key: string) => string };

const capital = (name: string): string => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

/** As `[keys] headers` of the deployment names it: `bearer`, `scheme:token`, `basic:username`, or a header of its own. */
export function sentAs(name: string): Sent {
  const [kind, word] = name.split(":");
  if (kind === "bearer") return { header: "Authorization", before: "Bearer " };
  if (word === undefined) return { header: capital(name), before: "" };
  if (kind === "scheme") return { header: "Authorization", before: `${capital(word)} ` };
  return { basic: word === "password" ? (key) => `api:${key}` : (key) => `${key}:` };
}

const quoted = (text: string): string => JSON.stringify(text);

/** Name and value of the header in a language, in which `encoded` makes base64 of a quoted text. */
function header(sent: Sent, key: string, encoded: (credentials: string) => string): { name: string; value: string } {
  if ("header" in sent) return { name: quoted(sent.header), value: quoted(sent.before + key) };
  return { name: quoted("Authorization"), value: `"Basic " + ${encoded(quoted(sent.basic(key)))}` };
}

export const EXAMPLES = {
  curl: (api: string, sent: Sent, key: string) => `curl ${api} \\
  ${"header" in sent ? `-H "${sent.header}: ${sent.before}${key}"` : `-u "${sent.basic(key)}"`}`,

  JavaScript: (api: string, sent: Sent, key: string) => {
    const { name, value } = header(sent, key, (text) => `btoa(${text})`);
    return `const response = await fetch(${quoted(api)}, {
  headers: { ${name}: ${value} },
});
if (!response.ok) throw new Error(await response.text());
console.log(await response.json());`;
  },

  Python: (api: string, sent: Sent, key: string) => {
    const { name, value } = header(sent, key, (text) => `base64.b64encode(b${text}).decode()`);
    return `import ${"header" in sent ? "" : "base64, "}json, urllib.request

request = urllib.request.Request(
    ${quoted(api)},
    headers={${name}: ${value}},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))`;
  },

  "C#": (api: string, sent: Sent, key: string) => {
    const { name, value } = header(sent, key, (text) => `Convert.ToBase64String(Encoding.UTF8.GetBytes(${text}))`);
    return `${"header" in sent ? "" : "using System.Text;\n\n"}using var client = new HttpClient();
client.DefaultRequestHeaders.Add(
    ${name}, ${value});
Console.WriteLine(await client.GetStringAsync(${quoted(api)}));`;
  },
} as const;

export type Language = keyof typeof EXAMPLES;
