import os
from pathlib import Path

import gradio as gr

notes = Path(os.environ["DATA_DIR"], "notes.txt")


def add(note: str) -> str:
    with notes.open("a") as file:
        file.write(note + "\n")
    return notes.read_text()


def read() -> str:
    return notes.read_text() if notes.exists() else ""


with gr.Blocks() as demo:
    shown = gr.Textbox(label="Notes")
    note = gr.Textbox(label="Note")
    gr.Button("Add").click(add, note, shown, api_name="add")
    demo.load(read, None, shown, api_name="read")

demo.launch()
