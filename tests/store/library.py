"""A small library for tests of the store: what a shop tells its callers."""

from collections.abc import Sequence

from app.store import Tenant
from app.store.documents import Document, DocumentDraft
from app.store.indexing import Passage

SHOP = {
    "Opening hours": [
        ("Week", "We are open from nine to five, Monday to Friday."),
        ("Weekend", "On Saturdays we close at noon. On Sundays the shop stays closed."),
        ("Holidays", "On public holidays nobody is here; the answering machine takes messages."),
    ],
    "Delivery": [
        ("Prices", "Delivery costs four euros; from an order of fifty euros on it is free."),
        ("Abroad", "We deliver to Switzerland within five days. Customs duties are yours to pay."),
        ("Damage", "A parcel that arrives damaged is replaced. Send us a photograph of it."),
    ],
    "Returns": [
        ("", "You may send back what you bought within thirty days, unused and in its box."),
        ("Refunds", "The money is back on your card a week after the parcel reached us."),
    ],
    "Café": [
        ("", "Our café on the first floor has crème brûlée, and decaffeinated coffee on request."),
        ("Allergies", "The almond cake has nuts. Ask for the list of allergens at the counter."),
    ],
    "Weekly market": [
        ("", "The market in front of the shop opens every Thursday morning, rain or shine."),
    ],
}


def draft(title: str, passages: Sequence[tuple[str, str]]) -> DocumentDraft:
    """A document of these passages."""
    content = "\n\n".join(text for _, text in passages)
    return DocumentDraft(title, content, [Passage(*each) for each in passages])


async def add(tenant: Tenant, knowledge_id: str, title: str, *texts: str) -> Document:
    """A document of passages without headings."""
    added = await tenant.documents.add(knowledge_id, draft(title, [("", text) for text in texts]))
    assert added is not None
    return added


async def make_shop(tenant: Tenant, title: str = "Shop") -> str:
    """A base with all of it; its id."""
    base = await tenant.knowledge.create(title)
    for name, passages in SHOP.items():
        await tenant.documents.add(base.id, draft(name, passages))
    return base.id
