import os
import sqlite3

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

database = sqlite3.connect(os.environ["DATA_DIR"] + "/notes.db", isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS note (text TEXT NOT NULL)")
listeners: set[WebSocket] = set()
app = FastAPI()


class Note(BaseModel):
    text: str


@app.get("/health")
async def health():
    return "ok"


@app.get("/notes")
async def notes():
    return [Note(text=text) for (text,) in database.execute("SELECT text FROM note")]


@app.post("/notes", status_code=201)
async def add(note: Note):
    database.execute("INSERT INTO note VALUES (?)", (note.text,))
    for listener in listeners:
        await listener.send_text(note.text)


@app.websocket("/live")
async def live(listener: WebSocket):
    await listener.accept()
    listeners.add(listener)
    try:
        while True:
            await listener.receive_text()
    except WebSocketDisconnect:
        listeners.discard(listener)
