"""What moves with the picture, and what stays."""

from .._kinds import choice

moving = choice(
    "d",
    level=1,
    minutes=2,
    hints=(
        "The same weights stand at every place. What does the unit three cells further right see, after the "
        "move?",
        "The map is a list of places; the maximum forgets the places.",
    ),
    why="Shared weights make the map move with the picture; its maximum does not say where it was.",
    replies={
        "a": (
            "The map stays, and its maximum stays.",
            "The map is a record of where things are: when the digit moves, the record moves with it.",
        ),
        "b": (
            "The map moves three cells to the right, and its maximum changes.",
            "The map does move. But the same values stand in it, only elsewhere; so what is the largest of "
            "them?",
        ),
        "c": (
            "The map stays, and its maximum moves three cells to the right.",
            "A maximum is one number: it has no place. The map is what has places.",
        ),
        "d": (
            "The map moves three cells to the right, and its maximum stays.",
            "Yes. The map is equivariant: it moves with the picture. Its maximum is invariant: it stays.",
        ),
        "e": (
            "All values change: a moved digit is another picture.",
            "That is how a dense layer sees it, with its own weight for each place. Here all places share "
            "theirs.",
        ),
    },
)
