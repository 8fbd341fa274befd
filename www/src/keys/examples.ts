// Programs that call the guarded API with a key.

/** How a key is sent: a header, and what stands before the key in it. */
export interface Sent {
  header: string;
  before: string;
}

/** As `[keys] headers` of the deployment names it: `bearer`, or a header of its own. */
export const sentAs = (name: string): Sent =>
  name === "bearer" ? { header: "Authorization", before: "Bearer " } : { header: name, before: "" };

const quoted = (text: string): string => JSON.stringify(text);

export const EXAMPLES = {
  curl: (api: string, { header, before }: Sent, key: string) => `curl ${api} \\
  -H "${header}: ${before}${key}"`,

  JavaScript: (api: string, { header, before }: Sent, key: string) => `const response = await fetch(${quoted(api)}, {
  headers: { ${quoted(header)}: ${quoted(before + key)} },
});
if (!response.ok) throw new Error(await response.text());
console.log(await response.json());`,

  Python: (api: string, { header, before }: Sent, key: string) => `import json, urllib.request

request = urllib.request.Request(
    ${quoted(api)},
    headers={${quoted(header)}: ${quoted(before + key)}},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))`,

  "C#": (api: string, { header, before }: Sent, key: string) => `using var client = new HttpClient();
client.DefaultRequestHeaders.Add(
    ${quoted(header)}, ${quoted(before + key)});
Console.WriteLine(await client.GetStringAsync(${quoted(api)}));`,
} as const;

export type Language = keyof typeof EXAMPLES;
