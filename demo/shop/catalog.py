"""What the shop sells: the seed of the database, and the whole stock with `DEMO_DB=off`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One thing on sale; the price is in won."""

    id: int
    name: str
    price: int


_NAMES_AND_PRICES = (
    ("남성 운동화 Running Shoes", 89_000),
    ("여성 운동화 Walking Shoes", 79_000),
    ("아동 운동화 Kids Sneakers", 45_000),
    ("운동 매트 Exercise Mat", 29_000),
    ("요가 매트 Yoga Mat", 35_000),
    ("아령 세트 Dumbbell Set", 59_000),
    ("등산화 Hiking Boots", 129_000),
    ("등산 배낭 Hiking Backpack", 99_000),
    ("캠핑 의자 Camping Chair", 39_000),
    ("캠핑 텐트 Camping Tent", 219_000),
    ("방수 자켓 Rain Jacket", 119_000),
    ("겨울 장갑 Winter Gloves", 25_000),
    ("털모자 Wool Hat", 19_000),
    ("운동 양말 Sport Socks", 9_000),
    ("물병 Water Bottle", 15_000),
    ("무선 이어폰 Wireless Earphones", 149_000),
    ("휴대용 선풍기 Portable Fan", 22_000),
    ("커피 원두 Coffee Beans", 18_000),
    ("녹차 선물 세트 Green Tea Gift Box", 32_000),
    ("대나무 칫솔 Bamboo Toothbrush", 4_000),
)

PRODUCTS = tuple(
    Product(number, name, price) for number, (name, price) in enumerate(_NAMES_AND_PRICES, 1)
)
