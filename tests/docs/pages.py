"""A small test documentation in the markup of the official one: a shop with carts, in English and Russian."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

TIP = '{% note tip "" %}\n\nConnect to the [MCP server](../../ai-tools/mcp.md).\n\n{% endnote %}\n'
WHO = {"en": "Who can execute the method: any user", "ru": "Кто может выполнять метод: любой пользователь"}
SUBSCRIBE = {"en": "Who can subscribe: any user", "ru": "Кто может подписаться: любой пользователь"}

CART_ADD = """# {title} shop.cart.add

{tip}
> Scope: [`shop`](../scopes.md)
>
> {who}

{lead}

## {parameters}

{{% include [Note on stars](../../_includes/required.md) %}}

#|
|| **Name**
`type` | **Description** ||
|| **fields***
[`object`](../data-types.md#object) | {fields}

```
{{
    TITLE: value,
    PRICE: value,
}}
```

- `TITLE` — text of the label
- `PRICE` — a sum {{.wide}} ||
|| **mode**
[`string`](../data-types.md) | One of two:

#|
|| **Value** | **Meaning** ||
|| `soft` | keeps what is there ||
|| `hard` | replaces it ||
|#
||
|#

### {fields_of} {{#fields}}

{{% list tabs %}}

- Book

  #|
  || **Name** | **Description** ||
  || **PAGES** | how many pages ||
  |#

- Toy

  #|
  || **Name** | **Description** ||
  || **AGE** | from which age ||
  |#

{{% endlist %}}

## {samples}

{{% list tabs %}}

- cURL (Webhook)

    ```bash
    curl -X POST -H "Content-Type: application/json" -d '{{"fields":{{"TITLE":"Red ball","PRICE":5}}}}' \\
    https://portal/rest/1/code/shop.cart.add
    ```

- JS

    ```js
    await shop.call('shop.cart.add', {{ fields: {{ TITLE: 'Red ball' }} }})
    ```

- PHP

    ```php
    $shop->call('shop.cart.add', ['fields' => ['TITLE' => 'Red ball']]);
    ```

- Python

    ```python
    shop.call("shop.cart.add", {{"fields": {{"TITLE": "Red ball"}}}})
    ```

{{% endlist %}}

## {errors}

{{% include notitle [errors](../../_includes/error-info.md) %}}

#|
|| **Code** | **Description** ||
|| `CART_FULL` | {full} ||
|#

{{% include [system](../../_includes/system-errors.md) %}}

## {more}

- [{{#T}}](../../guides/carts.md)
- [{{#T}}](nowhere.md)
"""


def edition(language: str) -> dict[str, str]:
    """Return the files of one edition by path."""
    said = _ENGLISH if language == "en" else _RUSSIAN
    cart_add = CART_ADD.format(tip=TIP, who=WHO[language], **said["cart_add"])
    who, subscribe = WHO[language], SUBSCRIBE[language]
    shop = "api-reference/shop"
    word = said["word"]
    head = f"> Scope: [`shop`](../scopes.md)\n>\n> {who}\n"
    return {
        "README.md": f"# {said['readme']}\n",
        "_includes/required.md": said["required"],
        "_includes/error-info.md": "### Never shown\n\nThe same everywhere.\n",
        "_includes/system-errors.md": "### Never shown either\n\nThe same everywhere.\n",
        "_includes/auth-params-in-events.md": f"#|\n|| **Name** | **Meaning** ||\n|| **secret_word** | {word} ||\n|#\n",
        "ai-tools/mcp.md": "# MCP\n\nAdvertising.\n",
        "api-reference/data-types.md": said["types"],
        f"{shop}/shop-cart-add.md": cart_add,
        f"{shop}/shop-cart-list.md": f"# {said['list']} shop.cart.list\n\n{head}\n{said['list_lead']}\n",
        f"{shop}/outdated/shop-cart-all.md": f"# {said['list']} shop.cart.all\n\n{head}\n{said['old_lead']}\n",
        f"{shop}/events/on-cart-add.md": (
            f"# {said['event']} onCartAdd\n\n> Scope: [`shop`](../../scopes.md)\n>\n> {subscribe}\n\n"
            f"{said['event_lead']}\n\n"
            "## auth {#auth}\n\n{% include [auth](../../../_includes/auth-params-in-events.md) %}\n"
        ),
        "api-reference/widgets/cart-tab.md": f"# {said['widget']}\n\n{said['widget_lead']}\n",
        "guides/carts.md": said["guide"],
        "guides/index.md": f"# {said['guides']}\n\n- [{{#T}}](carts.md)\n",
        "settings/oauth/auto-renewal.md": said["renewal"],
        "tutorials/first-cart.md": said["tutorial"],
    }


_ENGLISH: dict[str, Any] = {
    "readme": "About these pages",
    "required": "What carries * must be there {.b24-info}\n",
    "word": "proves who sent it",
    "types": "# Types of values\n\n"
    "## Moments in time {#datetime}\n\nA moment is written as 2030-01-31T10:00:00+00:00.\n",
    "cart_add": {
        "title": "Put goods into a cart",
        "lead": "A cart gathers what a visitor wants to buy. See the [guide](../../guides/carts.md#life) and "
        "[the shop](https://shop.example/a?b=c){.blank}.",
        "parameters": "Method Parameters",
        "fields": "What is put in. Its keys are [below](#fields)",
        "fields_of": "Parameter fields",
        "samples": "Code Examples",
        "errors": "Error Handling",
        "full": "No room is left in the cart",
        "more": "Continue Learning",
    },
    "list": "Show carts",
    "list_lead": "Gives the carts of a visitor, the newest first.",
    "old_lead": "Gives every cart. Nobody uses it any more.",
    "event": "A cart changes:",
    "event_lead": "Your handler hears of it within a minute.",
    "widget": "Tab in the card of a cart CART_TAB",
    "widget_lead": "Shows a page of yours inside the card.",
    "guides": "Guides",
    "guide": """# How carts live

{% if build == 'dev' %}

{% note alert "TO-DO" %}

Still to be written.

{% endnote %}

{% endif %}

A cart {#life} is born with its first article and dies [after a week](*week).

{% note warning "Mind the clock" %}

Time runs in the zone of the portal:

- summer
- winter

{% endnote %}

{% note tip "Good to know" %}

An abandoned basket can be woken up with a letter.

{% endnote %}

{% cut "Why a week" %}

Because most people return within four days. ![a chart](_images/chart.png){width=420}

{% endcut %}

## Abandoned baskets {#abandoned}

Whoever leaves without paying gets a reminder. Write `{% raw %}` and `#| not a table |#` as they are.

[*week]: Seven days, counted from the last change.
""",
    "renewal": "# Keeping a session alive\n\nTokens live for an hour. Ask for a new pair before that.\n",
    "tutorial": "# Your first cart, step by step\n\nFirst make a visitor, then give them a cart.\n\n"
    "## Step 1\n\nMake a visitor.\n",
}
_RUSSIAN: dict[str, Any] = {
    "readme": "Об этих страницах",
    "required": "Что отмечено *, то обязательно {.b24-info}\n",
    "word": "доказывает отправителя",
    "types": "# Типы значений\n\n"
    "## Моменты времени {#datetime}\n\nМомент записывается как 2030-01-31T10:00:00+00:00.\n",
    "cart_add": {
        "title": "Положить товар в корзину",
        "lead": "Корзина собирает то, что посетитель хочет купить. Смотрите [статью](../../guides/carts.md#life).",
        "parameters": "Параметры метода",
        "fields": "Что положить. Ключи описаны [ниже](#fields)",
        "fields_of": "Параметр fields",
        "samples": "Примеры кода",
        "errors": "Обработка ошибок",
        "full": "В корзине не осталось места",
        "more": "Продолжите изучение",
    },
    "list": "Показать корзины",
    "list_lead": "Возвращает корзины посетителя, сначала новые.",
    "old_lead": "Возвращает все корзины. Больше не используется.",
    "event": "Корзина изменилась:",
    "event_lead": "Обработчик узнает об этом в течение минуты.",
    "widget": "Вкладка в карточке корзины CART_TAB",
    "widget_lead": "Показывает вашу страницу внутри карточки.",
    "guides": "Статьи",
    "guide": "# Как живут корзины\n\nКорзина рождается с первым товаром и исчезает через неделю.\n\n"
    "## Брошенные корзины {#abandoned}\n\nКто ушел без оплаты, получает напоминание.\n",
    "renewal": "# Как не потерять сессию\n\nТокены живут час. Попросите новую пару раньше.\n",
    "tutorial": "# Первая корзина шаг за шагом\n\nСначала заведите посетителя, потом дайте ему корзину.\n",
}
LICENCE = "MIT License\n\nCopyright (c) 2030 The Shop\n"


def write_edition(root: Path, language: str) -> Path:
    """Write an edition into a folder."""
    for name, text in (edition(language) | {"LICENSE": LICENCE}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def write_tar(path: Path, files: dict[str, str], *, root: str = "shop-docs/", revision: str | None = None) -> Path:
    """Write files to a tar archive, compressed according to its name. `revision` is stored as Git stores it."""
    mode = "w:xz" if path.name.endswith("xz") else "w:gz" if path.name.endswith("gz") else "w"
    headers = {"comment": revision} if revision else {}
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(root + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_zip(path: Path, files: dict[str, str], *, root: str = "shop-docs/", revision: str = "") -> Path:
    """Write files to a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(root + name, text)
        archive.comment = revision.encode()
    return path
