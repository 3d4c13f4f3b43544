"""A small, ordinary discord.py bot that uses everything the page can show."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib

import discord
from discord import app_commands

CAKES = ["Bara brith", "Battenberg", "Lardy cake", "Parkin", "Victoria sponge"]


def png(width: int = 64, height: int = 40, colour: tuple[int, int, int] = (31, 106, 102)) -> bytes:
    """A real picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def picture() -> discord.File:
    return discord.File(io.BytesIO(png()), "week.png", description="A plain green picture")


class Form(discord.ui.Modal, title="Say more"):
    words = discord.ui.Label(
        text="What happened?",
        description="As much or as little as you like.",
        component=discord.ui.TextInput(
            custom_id="words", style=discord.TextStyle.paragraph, min_length=3, max_length=200
        ),
    )
    place = discord.ui.Label(
        text="Where?",
        component=discord.ui.Select(
            custom_id="place",
            options=[
                discord.SelectOption(label="School", value="school", description="In the building"),
                discord.SelectOption(label="Home", value="home"),
            ],
        ),
    )
    day = discord.ui.Label(
        text="Which day?",
        component=discord.ui.RadioGroup(
            custom_id="day",
            options=[
                discord.RadioGroupOption(label="Monday", value="mon"),
                discord.RadioGroupOption(label="Friday", value="fri"),
            ],
        ),
    )
    sure = discord.ui.Label(text="Keep this for me", component=discord.ui.Checkbox(custom_id="sure"))
    short = discord.ui.TextInput(
        label="In one word", custom_id="short", required=False, placeholder="If you like"
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        said = {}
        for row in interaction.data["components"]:
            inner = row.get("component") or row["components"][0]
            said[inner["custom_id"]] = inner.get("value", inner.get("values"))
        await interaction.response.send_message(f"kept {sorted(said.items())!r}", ephemeral=True)


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Read more", url="https://www.example.org/more", row=0))
        self.add_item(discord.ui.Button(label="Not yet", custom_id="never", disabled=True, row=0))

    @discord.ui.button(label="Press me", style=discord.ButtonStyle.primary, custom_id="press", row=0)
    async def press(self, interaction: discord.Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.edit_message(content="You pressed.", view=self)

    @discord.ui.button(label="Whisper", style=discord.ButtonStyle.success, custom_id="whisper", row=0)
    async def whisper(self, interaction: discord.Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_message(
            f"A word for {interaction.user.display_name} alone.", ephemeral=True
        )

    @discord.ui.button(label="Say more", emoji="✏️", custom_id="form", row=0)
    async def form(self, interaction: discord.Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Break", style=discord.ButtonStyle.danger, custom_id="break", row=1)
    async def broken(self, interaction: discord.Interaction, _: discord.ui.Button[Panel]) -> None:
        """Never answers."""

    @discord.ui.select(
        custom_id="one",
        placeholder="How was it?",
        options=[
            discord.SelectOption(label="Good", emoji="☀️"),
            discord.SelectOption(label="Wobbly", description="Up and down"),
        ],
        row=2,
    )
    async def one(self, interaction: discord.Interaction, chosen: discord.ui.Select[Panel]) -> None:
        await interaction.response.send_message(f"You chose {', '.join(chosen.values)}.", ephemeral=True)

    @discord.ui.select(
        custom_id="several",
        placeholder="Which cakes?",
        min_values=1,
        max_values=2,
        options=[discord.SelectOption(label=cake) for cake in CAKES],
        row=3,
    )
    async def several(self, interaction: discord.Interaction, chosen: discord.ui.Select[Panel]) -> None:
        await interaction.response.send_message(f"Cakes: {', '.join(chosen.values)}.", ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="person", placeholder="With whom?", row=4)
    async def person(self, interaction: discord.Interaction, chosen: discord.ui.UserSelect[Panel]) -> None:
        await interaction.response.send_message(f"With {chosen.values[0].display_name}.", ephemeral=True)


class Layout(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        box = discord.ui.Container(accent_colour=discord.Colour(0x1F6A66))
        box.add_item(discord.ui.TextDisplay("## Your week\nA line with **bold** words."))
        box.add_item(
            discord.ui.Section(
                discord.ui.TextDisplay("Beside a picture"),
                accessory=discord.ui.Thumbnail("attachment://week.png"),
            )
        )
        box.add_item(discord.ui.Separator(spacing=discord.SeparatorSpacing.large))
        box.add_item(
            discord.ui.MediaGallery(
                discord.MediaGalleryItem("attachment://week.png", description="The week, drawn")
            )
        )
        row: discord.ui.ActionRow[Layout] = discord.ui.ActionRow()
        button: discord.ui.Button[Layout] = discord.ui.Button(label="Inside", custom_id="inside")
        button.callback = self._inside
        row.add_item(button)
        box.add_item(row)
        self.add_item(box)

    async def _inside(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Pressed inside.", ephemeral=True)


class SmallBot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, dm_messages=True), max_messages=None)
        self.tree = app_commands.CommandTree(self)
        self.release = asyncio.Event()
        for command in (panel, cake, layout, slow, dead, settings):
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if message.guild is None and message.author.id != self.user.id:
            kinds = [
                name
                for name, there in (
                    ("voice", message.flags.voice),
                    ("sticker", message.stickers),
                    ("reply", message.reference),
                )
                if there
            ]
            await message.channel.send(f"heard {message.content!r} {' '.join(kinds)}".strip(), view=Panel())


@app_commands.command(description="Show everything with buttons")
async def panel(interaction: discord.Interaction) -> None:
    embed = discord.Embed(title="An embed", description="With *words*.", colour=0x884422)
    embed.add_field(name="Field", value="Value")
    await interaction.response.send_message("Choose something.", view=Panel(), embed=embed)


@app_commands.command(description="Order a cake")
@app_commands.describe(kind="Which cake", size="How large", slices="How many slices", for_whom="For whom")
@app_commands.choices(
    size=[app_commands.Choice(name="Small", value="s"), app_commands.Choice(name="Large", value="l")]
)
async def cake(
    interaction: discord.Interaction,
    kind: str,
    size: app_commands.Choice[str],
    slices: app_commands.Range[int, 1, 12] = 4,
    for_whom: discord.User | None = None,
) -> None:
    who = for_whom.display_name if for_whom else "nobody"
    await interaction.response.send_message(f"{kind}, {size.value}, {slices}, for {who}", ephemeral=True)


@cake.autocomplete("kind")
async def suggest(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=c, value=c.lower()) for c in CAKES if current.lower() in c.lower()]


@app_commands.command(description="A layout with a picture")
async def layout(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(view=Layout(), file=picture())


@app_commands.command(description="Think for a while first")
async def slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    await interaction.client.release.wait()
    await interaction.followup.send("Thought about it.", file=picture())


@app_commands.command(description="Never answer")
async def dead(interaction: discord.Interaction) -> None:
    """Never answers."""


settings = app_commands.Group(
    name="settings", description="How things are", default_permissions=discord.Permissions(manage_guild=True)
)


@settings.command(description="Only for those who manage the server")
async def show(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("All as it was.", ephemeral=True)
