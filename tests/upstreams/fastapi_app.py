"""An API in FastAPI, as docs/guide/upstreams.md has it behind the edge. SECRET and CHECK (a file that has
`is_from_keystile`) are in the environment."""

import asyncio
import hashlib
import os
import tempfile

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, StreamingResponse

SECRET = os.environ["SECRET"]
documented: dict = {}
exec(open(os.environ["CHECK"]).read(), documented)  # noqa: S102: the guide's own code

app = FastAPI()
api = APIRouter(prefix="/fastapi")


@app.middleware("http")
async def only_from_the_edge(request: Request, call_next):
    scope = request.scope
    target = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
    if not documented["is_from_keystile"](request.method, target, request.headers, SECRET, "fastapi"):
        return PlainTextResponse("not from the edge", 403)
    return await call_next(request)


@api.get("/whoami")
async def whoami(request: Request):
    return {"ip": request.client.host, "scheme": request.url.scheme, "tenant": request.headers["keystile-tenant"]}


@api.get("/items/")
async def items():
    return ["an item"]


@api.get("/moved")
async def moved(request: Request):
    return RedirectResponse(request.url_for("items").include_query_params(x=1))


@api.get("/moved-within")
async def moved_within():
    return RedirectResponse("/fastapi/there?x=1")


@api.get("/moved-beside")
async def moved_beside():
    return RedirectResponse("there?x=1")


@api.get("/cookies")
async def cookies(request: Request, response: Response):
    response.set_cookie("session", "a", httponly=True, samesite="lax")
    response.set_cookie("theme", "dark", path="/fastapi")
    return {"sent": request.headers.get("cookie")}


with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
    file.write("0123456789" * 100)


@api.api_route("/file", methods=["GET", "HEAD"])
async def whole_or_range():
    # It has an ETag, and answers ranges.
    return FileResponse(file.name)


@api.get("/document")
async def document(request: Request):
    headers = {"ETag": '"v1"'}
    if request.headers.get("if-none-match") == '"v1"':
        return Response(status_code=304, headers=headers)
    return PlainTextResponse("the document", headers=headers)


@api.get("/events")
async def events():
    async def five():
        for event in range(1, 6):
            await asyncio.sleep(0.2)
            yield f"data: {event}\n\n"

    return StreamingResponse(five(), media_type="text/event-stream")


@api.post("/upload")
async def upload(request: Request):
    digest, length = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        length += len(chunk)
    return {"length": length, "sha256": digest.hexdigest()}


@api.get("/download")
async def download():
    chunk = bytes([7]) * (1024 * 1024)

    async def fifty():
        for _ in range(50):
            yield chunk

    return StreamingResponse(fifty(), headers={"Content-Length": str(50 * len(chunk))})


@api.websocket("/socket")
async def socket(open_socket: WebSocket):
    await open_socket.accept()
    while True:
        message = await open_socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") is not None:
            await open_socket.send_text(message["text"])
        else:
            await open_socket.send_bytes(message["bytes"])


app.include_router(api)
