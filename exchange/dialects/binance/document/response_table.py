"""What each endpoint answers, in the notation of `schema_notation`: one total table. It renders nothing."""

from collections.abc import Mapping

DONE = "{code i, msg s}"
_BOOK = "{lastUpdateId i, E i, T i, bids [(d, d)], asks [(d, d)]}"
_TRADES = "[{id i, price d, qty d, quoteQty d, time i, isBuyerMaker b, isRPITrade b}]"
_KLINES = "[(i, d, d, d, d, d, i, d, i, d, d, d)]"
_FOREIGN = "{timezone s, serverTime i, rateLimits [s], exchangeFilters [s], symbols [s]}"
_RATIOS = "[{symbol s, longShortRatio d, longAccount d, shortAccount d, timestamp i}]"
_LISTEN_KEY = "{listenKey s}"
_BALANCES = (
    "[{accountAlias s, asset s, balance d, crossWalletBalance d, crossUnPnl d, availableBalance d,"
    " maxWithdrawAmount d, marginAvailable b, updateTime i}]"
)
_DELETED_ALGO = '{algoId i, clientAlgoId s, code "200", msg s}'

_ORDER = (
    "orderId i, symbol s, status s, clientOrderId s, price d, avgPrice d, origQty d, executedQty d, cumQuote d,"
    " timeInForce s, type s, reduceOnly b, closePosition b, side s, positionSide s, stopPrice d, workingType s,"
    " priceProtect b, origType s, priceMatch s, selfTradePreventionMode s, goodTillDate i, updateTime i"
)
_TRAILING = "activatePrice? s, priceRate? s"  # of an order that a trailing one became
_ALGO = (
    "algoId i, clientAlgoId s, algoType s, orderType s, symbol s, side s, positionSide s, timeInForce s, quantity d,"
    " algoStatus s, triggerPrice s, price d, icebergQuantity null, selfTradePreventionMode s, workingType s,"
    " priceMatch s, closePosition b, priceProtect b, reduceOnly b, createTime i, updateTime i, triggerTime i,"
    " goodTillDate i, activatePrice? s, callbackRate? s"
)
_ALGO_OUTCOME = "actualOrderId s, actualPrice s, actualType s, actualQty s, tpOrderType s"
_TOTALS = (
    "totalInitialMargin d, totalMaintMargin d, totalWalletBalance d, totalUnrealizedProfit d, totalMarginBalance d,"
    " totalPositionInitialMargin d, totalOpenOrderInitialMargin d, totalCrossWalletBalance d, totalCrossUnPnl d,"
    " availableBalance d, maxWithdrawAmount d"
)
_ASSET = (
    "asset s, walletBalance d, unrealizedProfit d, marginBalance d, maintMargin d, initialMargin d,"
    " positionInitialMargin d, openOrderInitialMargin d, crossWalletBalance d, crossUnPnl d, availableBalance d,"
    " maxWithdrawAmount d, updateTime i"
)
_CAN = "feeTier i, canTrade b, canDeposit b, canWithdraw b, updateTime i, multiAssetsMargin b, tradeGroupId i"
_POSITION = "symbol s, positionSide s, positionAmt d, unrealizedProfit d, initialMargin d, maintMargin d, updateTime i"
_RISK = (
    "symbol s, positionSide s, positionAmt d, entryPrice d, breakEvenPrice d, markPrice d, unRealizedProfit d,"
    " liquidationPrice d, isolatedMargin d, notional d, isolatedWallet d, updateTime i"
)

# Schemas that several answers share, by name.
SCHEMAS: Mapping[str, str] = {
    "Error": DONE,
    "RateLimit": "{rateLimitType s, interval s, intervalNum i, limit i}",
    "Filter": (
        '{filterType "PRICE_FILTER", minPrice d, maxPrice d, tickSize d}'
        '|{filterType "LOT_SIZE"|"MARKET_LOT_SIZE", minQty d, maxQty d, stepSize d}'
        '|{filterType "MAX_NUM_ORDERS"|"MAX_NUM_ALGO_ORDERS", limit i}'
        '|{filterType "MIN_NOTIONAL", notional d}'
        '|{filterType "PERCENT_PRICE", multiplierUp d, multiplierDown d, multiplierDecimal s}'
    ),
    "Symbol": (
        '{symbol s, pair s, contractType "PERPETUAL", deliveryDate i, onboardDate i, status s, maintMarginPercent d,'
        " requiredMarginPercent d, baseAsset s, quoteAsset s, marginAsset s, pricePrecision i, quantityPrecision i,"
        " baseAssetPrecision i, quotePrecision i, underlyingType s, underlyingSubType [s], settlePlan i,"
        " triggerProtect d, liquidationFee d, marketTakeBound d, maxMoveOrderLimit i, filters [$Filter],"
        ' orderTypes ["LIMIT"|"MARKET"|"STOP"|"STOP_MARKET"|"TAKE_PROFIT"|"TAKE_PROFIT_MARKET"'
        '|"TRAILING_STOP_MARKET"], timeInForce ["GTC"|"IOC"|"FOK"|"GTX"|"GTD"]}'
    ),
    "PremiumIndex": (
        "{symbol s, markPrice d, indexPrice d, estimatedSettlePrice d, lastFundingRate d, interestRate d,"
        " nextFundingTime i, time i}"
    ),
    "DayTicker": (
        "{symbol s, priceChange d, priceChangePercent d, weightedAvgPrice d, lastPrice d, lastQty d, openPrice d,"
        " highPrice d, lowPrice d, volume d, quoteVolume d, openTime i, closeTime i, firstId i, lastId i, count i}"
    ),
    "BookTicker": "{symbol s, bidPrice d, bidQty d, askPrice d, askQty d, time i, lastUpdateId i}",
    "Price": "{symbol s, price d, time i}",
    "InsurancePool": "{symbols [s], assets [{asset s, marginBalance d, updateTime i}]}",
    "AdlRisk": '{symbol s, adlRisk "low"|"medium"|"high", updateTime i}',
    "ChangedOrder": f"{{{_ORDER}, cumQty d, {_TRAILING}}}",
    "AmendedOrder": f"{{{_ORDER}, cumQty d, modifyId i, {_TRAILING}}}",
    "Order": f"{{{_ORDER}, time i, modifyId? i, {_TRAILING}}}",
    "PlacedAlgoOrder": f"{{{_ALGO}}}",
    "AlgoOrder": f"{{{_ALGO}, {_ALGO_OUTCOME}}}",
    "ListedAlgoOrder": f"{{{_ALGO}, {_ALGO_OUTCOME}, tpTriggerPrice? s, tpPrice? s, slTriggerPrice? s, slPrice? s}}",
}

RESPONSES: Mapping[tuple[str, str], str] = {
    # market data
    ("GET", "/fapi/v1/ping"): "{}",
    ("GET", "/fapi/v1/time"): "{serverTime i}",
    ("GET", "/fapi/v1/exchangeInfo"): (
        "{timezone s, serverTime i, futuresType s, rateLimits [$RateLimit], exchangeFilters [s],"
        " assets [{asset s, marginAvailable b, autoAssetExchange s}], symbols [$Symbol]}"
    ),
    ("GET", "/fapi/v1/depth"): _BOOK,
    ("GET", "/fapi/v1/rpiDepth"): _BOOK,
    ("GET", "/fapi/v1/trades"): _TRADES,
    ("GET", "/fapi/v1/historicalTrades"): _TRADES,
    ("GET", "/fapi/v1/aggTrades"): "[{a i, p d, q d, nq d, f i, l i, T i, m b}]",
    ("GET", "/fapi/v1/klines"): _KLINES,
    ("GET", "/fapi/v1/continuousKlines"): _KLINES,
    ("GET", "/fapi/v1/markPriceKlines"): _KLINES,
    ("GET", "/fapi/v1/indexPriceKlines"): _KLINES,
    ("GET", "/fapi/v1/premiumIndexKlines"): _KLINES,
    ("GET", "/fapi/v1/premiumIndex"): "$PremiumIndex|[$PremiumIndex]",
    ("GET", "/fapi/v1/fundingRate"): "[{symbol s, fundingRate d, fundingTime i, markPrice d, rateType s}]",
    ("GET", "/fapi/v1/fundingInfo"): (
        "[{symbol s, adjustedFundingRateCap d, adjustedFundingRateFloor d, fundingIntervalHours i, disclaimer b}]"
    ),
    ("GET", "/fapi/v1/ticker/24hr"): "$DayTicker|[$DayTicker]",
    ("GET", "/fapi/v1/ticker/bookTicker"): "$BookTicker|[$BookTicker]",
    ("GET", "/fapi/v1/ticker/price"): "$Price|[$Price]",
    ("GET", "/fapi/v2/ticker/price"): "$Price|[$Price]",
    ("GET", "/fapi/v1/openInterest"): "{openInterest d, symbol s, time i}",
    ("GET", "/fapi/v1/insuranceBalance"): "$InsurancePool|[$InsurancePool]",
    ("GET", "/fapi/v1/symbolAdlRisk"): "$AdlRisk|[$AdlRisk]",
    ("GET", "/fapi/v1/constituents"): ("{symbol s, time i, constituents [{exchange s, symbol s, price d, weight d}]}"),
    ("POST", "/fapi/v1/listenKey"): _LISTEN_KEY,
    ("PUT", "/fapi/v1/listenKey"): _LISTEN_KEY,
    ("DELETE", "/fapi/v1/listenKey"): "{}",
    # statistics
    ("GET", "/futures/data/openInterestHist"): (
        "[{symbol s, sumOpenInterest d, sumOpenInterestValue d, CMCCirculatingSupply d, timestamp i}]"
    ),
    ("GET", "/futures/data/globalLongShortAccountRatio"): _RATIOS,
    ("GET", "/futures/data/topLongShortAccountRatio"): _RATIOS,
    ("GET", "/futures/data/topLongShortPositionRatio"): _RATIOS,
    ("GET", "/futures/data/takerlongshortRatio"): "[{buySellRatio d, buyVol d, sellVol d, timestamp i}]",
    ("GET", "/futures/data/basis"): (
        "[{indexPrice d, contractType s, basisRate d, futuresPrice d, annualizedBasisRate s, basis d, pair s,"
        " timestamp i}]"
    ),
    # orders
    ("POST", "/fapi/v1/order"): "$ChangedOrder|$PlacedAlgoOrder",  # the latter with --legacy-stops
    ("POST", "/fapi/v1/order/test"): "$ChangedOrder|{}",
    ("PUT", "/fapi/v1/order"): "$AmendedOrder",
    ("GET", "/fapi/v1/order"): "$Order",
    ("DELETE", "/fapi/v1/order"): "$ChangedOrder",
    ("GET", "/fapi/v1/openOrder"): "$Order",
    ("POST", "/fapi/v1/batchOrders"): "[$ChangedOrder|$Error]",
    ("PUT", "/fapi/v1/batchOrders"): "[$AmendedOrder|$Error]",
    ("DELETE", "/fapi/v1/batchOrders"): "[$ChangedOrder|$Error]",
    ("DELETE", "/fapi/v1/allOpenOrders"): DONE,
    ("POST", "/fapi/v1/countdownCancelAll"): "{symbol s, countdownTime s}",
    ("GET", "/fapi/v1/openOrders"): "[$Order]",
    ("GET", "/fapi/v1/allOrders"): "[$Order]",
    ("GET", "/fapi/v1/orderAmendment"): (
        "[{amendmentId i, symbol s, pair s, orderId i, clientOrderId s, time i, amendment {price {before d, after d},"
        " origQty {before d, after d}, count i, modifyId i}}]"
    ),
    ("GET", "/fapi/v1/userTrades"): (
        "[{symbol s, pair? s, id i, orderId i, side s, price d, qty d, quoteQty d, baseQty? d, realizedPnl d,"
        " marginAsset? s, commission d, commissionAsset s, time i, positionSide s, buyer b, maker b}]"
    ),
    ("GET", "/fapi/v1/forceOrders"): (
        "[{orderId i, symbol s, pair? s, status s, clientOrderId s, price d, avgPrice d, origQty d, executedQty d,"
        " cumQuote d, cumBase? d, timeInForce s, type s, reduceOnly b, closePosition b, side s, positionSide s,"
        " stopPrice d, workingType s, origType s, time i, updateTime i}]"
    ),
    # conditional orders
    ("POST", "/fapi/v1/algoOrder"): "$PlacedAlgoOrder",
    ("GET", "/fapi/v1/algoOrder"): "$AlgoOrder",
    ("DELETE", "/fapi/v1/algoOrder"): _DELETED_ALGO,
    ("DELETE", "/fapi/v1/algoOpenOrders"): DONE,
    ("GET", "/fapi/v1/openAlgoOrders"): "[$ListedAlgoOrder]",
    ("GET", "/fapi/v1/allAlgoOrders"): "[$ListedAlgoOrder]",
    # account
    ("GET", "/fapi/v2/account"): (
        f"{{{_CAN}, feeBurn b, {_TOTALS}, assets [{{{_ASSET}, marginAvailable b}}], positions [{{{_POSITION},"
        " positionInitialMargin d, openOrderInitialMargin d, leverage s, isolated b, entryPrice d, breakEvenPrice d,"
        " maxNotional d, bidNotional d, askNotional d}]}"
    ),
    ("GET", "/fapi/v3/account"): (
        f"{{{_TOTALS}, assets [{{{_ASSET}}}], positions [{{{_POSITION}, isolatedMargin d, notional d,"
        " isolatedWallet d}]}"
    ),
    ("GET", "/fapi/v2/balance"): _BALANCES,
    ("GET", "/fapi/v3/balance"): _BALANCES,
    ("GET", "/fapi/v2/positionRisk"): (
        f'[{{{_RISK}, leverage s, maxNotionalValue d, marginType "cross"|"isolated", isAutoAddMargin "true"|"false"}}]'
    ),
    ("GET", "/fapi/v3/positionRisk"): (
        f"[{{{_RISK}, marginAsset s, initialMargin d, maintMargin d, positionInitialMargin d,"
        " openOrderInitialMargin d, adl i, bidNotional d, askNotional d}]"
    ),
    ("POST", "/fapi/v1/leverage"): "{leverage i, maxNotionalValue d, symbol s}",
    ("POST", "/fapi/v1/marginType"): DONE,
    ("POST", "/fapi/v1/positionMargin"): "{amount n, code i, msg s, type i}",
    ("GET", "/fapi/v1/positionMargin/history"): (
        "[{symbol s, type i, deltaType s, amount d, asset s, time i, positionSide s}]"
    ),
    ("GET", "/fapi/v1/positionSide/dual"): "{dualSidePosition b}",
    ("POST", "/fapi/v1/positionSide/dual"): DONE,
    ("GET", "/fapi/v1/multiAssetsMargin"): "{multiAssetsMargin b}",
    ("POST", "/fapi/v1/multiAssetsMargin"): DONE,
    ("GET", "/fapi/v1/leverageBracket"): (
        "[{symbol s, notionalCoef n, brackets [{bracket i, initialLeverage i, notionalCap n, notionalFloor n,"
        " maintMarginRatio n, cum n}]}]"
    ),
    ("GET", "/fapi/v1/adlQuantile"): ("[{symbol s, adlQuantile {LONG i, SHORT i, BOTH i}|{LONG i, SHORT i, HEDGE i}}]"),
    ("GET", "/fapi/v1/symbolConfig"): (
        '[{symbol s, marginType "CROSSED"|"ISOLATED", isAutoAddMargin b, leverage i, maxNotionalValue d}]'
    ),
    ("GET", "/fapi/v1/commissionRate"): (
        "{symbol s, makerCommissionRate d, takerCommissionRate d, rpiCommissionRate d}"
    ),
    ("GET", "/fapi/v1/accountConfig"): f"{{{_CAN}, dualSidePosition b}}",
    ("GET", "/fapi/v1/rateLimit/order"): "[$RateLimit]",
    ("GET", "/fapi/v1/apiTradingStatus"): (
        "{indicators {* [{isLocked b, plannedRecoverTime i, indicator s, value n, triggerValue n}]}, updateTime i}"
    ),
    ("GET", "/fapi/v1/feeBurn"): "{feeBurn b}",
    ("POST", "/fapi/v1/feeBurn"): DONE,
    ("GET", "/fapi/v1/income"): ("[{symbol s, incomeType s, income d, asset s, info s, time i, tranId i, tradeId s}]"),
    ("POST", "/sapi/v1/asset/transfer"): "{tranId i}",
    # other services
    ("GET", "/sapi/v1/capital/config/getall"): "[s]",
    ("GET", "/sapi/v1/margin/allPairs"): "[s]",
    ("GET", "/sapi/v1/margin/isolated/allPairs"): "[s]",
    ("GET", "/sapi/v1/spot/delist-schedule"): "[s]",
    ("GET", "/sapi/v1/system/status"): "{status i, msg s}",
    ("GET", "/api/v3/exchangeInfo"): _FOREIGN,
    ("GET", "/dapi/v1/exchangeInfo"): _FOREIGN,
    ("GET", "/eapi/v1/exchangeInfo"): _FOREIGN,
    ("GET", "/api/v3/ping"): "{}",
    ("GET", "/dapi/v1/ping"): "{}",
    ("GET", "/api/v3/time"): "{serverTime i}",
    ("GET", "/dapi/v1/time"): "{serverTime i}",
}
