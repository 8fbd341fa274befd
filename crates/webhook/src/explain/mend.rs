//! The advice on how to mend each cause. No advice loosens a check.

use alloc::vec::Vec;

use super::{
    code::CauseCode,
    report::{Cause, Change, Mend},
};

/// A cause of these changes.
pub(super) fn cause(changes: Vec<Change>, verdict: &'static str) -> Cause {
    let code = changes.first().map_or(CauseCode::AlteredBody, |change| change.code);
    let sentences: Vec<&str> = changes.iter().map(|change| change.sentence.as_str()).collect();
    Cause { code, number: code.number(), sentence: sentences.join(" "), changes, verdict, mend: of(code) }
}

pub(super) const fn of(code: CauseCode) -> Mend {
    use CauseCode as Code;
    let (sentence, frameworks): (&'static str, Frameworks) = match code {
        Code::CompactJson
        | Code::SpacedJson
        | Code::IndentedJson
        | Code::KeyOrder
        | Code::UnicodeEscapes
        | Code::SlashEscapes
        | Code::HtmlEscapes
        | Code::Numbers
        | Code::DoubleJson
        | Code::EmptyBody
        | Code::FormEncoding => ("Verify the bytes of the body as they came, before anything parses them.", RAW_BODY),
        Code::OuterSpace | Code::LineEnds | Code::ByteOrderMark | Code::Lookalikes => (
            "Verify the bytes of the body as they came. If this body was copied from a log, an editor or a page, the \
             copy is changed, and not the delivery: take the bytes from a file.",
            RAW_BODY,
        ),
        Code::Charset => ("Take the body as bytes, not as text: decoding and encoding it again changes it.", RAW_BODY),
        Code::AlteredBody => (
            "Compare the body with what the sender shows in its log of deliveries. Look for what reads or changes it \
             before the check: a parser, a filter, a limit of length.",
            RAW_BODY,
        ),
        Code::Base64Body => ("Decode the body before the check, if the platform hands it over in base64.", BASE64),
        Code::CompressedBody => {
            ("Verify the body as the sender signed it: before or after the platform inflates it.", INFLATED)
        }
        Code::SecretSpace => (
            "Copy the secret without anything around it, and set it without a line end.",
            &[
                ("Shell", "printf %s \"$SECRET\" | wrangler secret put WEBHOOK_SECRET"),
                ("Kubernetes", "kubectl create secret generic webhook --from-literal=secret=…"),
                ("Docker", "In an env file, write the value without quotes."),
            ],
        ),
        Code::SecretPrefix => ("Copy the secret as the sender shows it, with exactly its prefix.", &[]),
        Code::SecretForm => (
            "Make the key of the secret as the sender's documentation says: of the text's bytes, or of what it \
             encodes.",
            &[
                ("Node.js", "Buffer.from(secret, \"base64\")  // or \"hex\", or \"utf8\""),
                ("Python", "base64.b64decode(secret)  # or bytes.fromhex(secret), or secret.encode()"),
                ("Go", "base64.StdEncoding.DecodeString(secret)  // or hex.DecodeString, or []byte(secret)"),
                ("Ruby", "Base64.strict_decode64(secret)  # or [secret].pack(\"H*\"), or secret"),
                ("PHP", "base64_decode($secret, true)  // or hex2bin($secret), or $secret"),
            ],
        ),
        Code::SecretDerived => {
            ("Use the key that the sender's documentation describes; here it is made of the secret.", &[])
        }
        Code::OtherSecret => (
            "Copy the secret from the settings of exactly this endpoint, in exactly this environment. While a secret \
             is being replaced, configure both.",
            &[
                ("Stripe", "Each endpoint has its own `whsec_…`, and `stripe listen` prints another one."),
                ("GitHub", "The secret is that of the webhook, not of the app's client."),
                ("Shopify", "Webhooks of the admin have a secret of their own; those of an app have the app's."),
            ],
        ),
        Code::OtherScheme => {
            ("Choose the scheme by the sender's documentation. A check by the wrong scheme says nothing.", &[])
        }
        Code::SignatureText => {
            ("Compare the header's value as it came, decoded in the form in which the sender writes it.", &[])
        }
        Code::TimestampText => ("Use the text of the timestamp as it came: its characters are signed.", &[]),
        Code::TimestampUnit => ("Read the timestamp in the unit that the sender writes.", &[]),
        Code::Late => (
            "Verify a delivery when it arrives, and put it into a queue afterwards. Set the clock by NTP. To test an \
             old delivery here, give the time at which it arrived.",
            &[],
        ),
        Code::Early => ("Set the clock by NTP: it is behind, or the sender's is ahead. Read times as UTC.", &[]),
        Code::Url => (
            "Configure the URL that is registered with the sender, and verify with that one. Don't put it together \
             from `Host`.",
            URL,
        ),
        Code::Method => ("Verify with the method of the request as it reached the outermost server.", &[]),
        Code::Headers => (
            "Let the proxy pass the sender's headers on unchanged, and read each by its own name.",
            &[
                ("nginx", "underscores_in_headers on;  # only if the sender's own names have underscores"),
                ("AWS API Gateway", "Pass all headers on; read `multiValueHeaders` if a header comes twice."),
                ("PHP", "$_SERVER['HTTP_X_SIGNATURE'], or getallheaders()"),
                ("CloudFront", "Forward the header in the origin request policy."),
            ],
        ),
    };
    Mend { sentence, frameworks }
}

type Frameworks = &'static [(&'static str, &'static str)];

const RAW_BODY: Frameworks = &[
    (
        "Express",
        "app.post(\"/hooks\", express.raw({ type: \"*/*\" }), handler)  // req.body is a Buffer; before express.json()",
    ),
    ("Next.js, app router", "const body = new Uint8Array(await request.arrayBuffer())"),
    ("Next.js, pages", "export const config = { api: { bodyParser: false } }  // then collect the request's chunks"),
    (
        "Fastify",
        "fastify.addContentTypeParser(\"*\", { parseAs: \"buffer\" }, (request, body, done) => done(null, body))",
    ),
    ("NestJS", "NestFactory.create(AppModule, { rawBody: true })  // then request.rawBody"),
    ("Cloudflare Workers", "const body = new Uint8Array(await request.arrayBuffer())"),
    ("AWS Lambda", "Buffer.from(event.body, event.isBase64Encoded ? \"base64\" : \"utf8\")"),
    ("FastAPI", "body = await request.body()"),
    ("Flask", "body = request.get_data()  # before request.json"),
    ("Django", "body = request.body"),
    ("Rails", "body = request.raw_post"),
    ("Laravel", "$body = $request->getContent();"),
    ("PHP", "$body = file_get_contents('php://input');"),
    ("Spring", "void receive(@RequestBody byte[] body)"),
    ("ASP.NET Core", "Copy Request.Body into a MemoryStream; no [FromBody] model."),
    ("Go", "body, err := io.ReadAll(r.Body)"),
];

const BASE64: Frameworks = &[
    ("AWS Lambda", "Buffer.from(event.body, event.isBase64Encoded ? \"base64\" : \"utf8\")"),
    (
        "AWS Lambda, Python",
        "base64.b64decode(event[\"body\"]) if event[\"isBase64Encoded\"] else event[\"body\"].encode()",
    ),
    ("Netlify", "Buffer.from(event.body, event.isBase64Encoded ? \"base64\" : \"utf8\")"),
];

const INFLATED: Frameworks = &[
    ("Express", "express.raw({ type: \"*/*\", inflate: false })  // keeps the compressed bytes"),
    ("nginx", "gunzip off;"),
];

const URL: Frameworks = &[
    ("Express", "app.set(\"trust proxy\", 1)  // only behind your own proxy; better: a configured URL"),
    ("Django", "SECURE_PROXY_SSL_HEADER, or a configured URL"),
    ("Rails", "A configured URL; request.original_url depends on the proxy's headers."),
    ("Twilio", "The URL is the one in the console, with its query, and with the port if it has one."),
    ("Square", "The URL is the one in the developer dashboard, character by character."),
];
