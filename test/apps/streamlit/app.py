import os
from pathlib import Path

import streamlit as st

notes = Path(os.environ["DATA_DIR"], "notes.txt")
note = st.query_params.get("note") or st.text_input("Note")
if st.button("Add") or "note" in st.query_params:
    with notes.open("a") as file:
        file.write(note + "\n")
if notes.exists():
    st.text(notes.read_text())
