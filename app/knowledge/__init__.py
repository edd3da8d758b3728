"""Knowledge: files read into passages, and questions answered from them."""

from app.knowledge.files import FileReader, ReadFile, Unreadable
from app.knowledge.librarian import Answer, Librarian, WorkerOf
from app.knowledge.splitting import split

__all__ = [
    "Answer",
    "FileReader",
    "Librarian",
    "ReadFile",
    "Unreadable",
    "WorkerOf",
    "split",
]
