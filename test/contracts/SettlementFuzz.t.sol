// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Head} from "settlement/Records.sol";
import {Escrow} from "settlement/Escrow.sol";
import {Registry} from "settlement/Registry.sol";
import {Settlement} from "settlement/Settlement.sol";
import {Rig} from "./Rig.sol";

/// @title Settlements and withdrawals of any size
contract SettlementFuzz is Rig {
    function setUp() public {
        _openAll();
        vm.warp(START + 10 days);
    }

    function testFuzz_settlePaysTheDifferenceOrNothing(uint96 fundA, uint96 fundB, uint96 cumA, uint96 cumB) public {
        (uint256 haveA, uint256 haveB) = (_between(fundA, 1, 1e20), _between(fundB, 1, 1e20));
        target.deposit(a.owner, b.owner, true, uint128(haveA));
        target.deposit(a.owner, b.owner, false, uint128(haveB));
        Head memory head = _head(1, uint128(_between(cumA, 0, 2e20)), uint128(_between(cumB, 0, 2e20)));
        bool aPays = head.cumA >= head.cumB;
        uint256 owed = aPays ? head.cumA - head.cumB : head.cumB - head.cumA;
        bool enough = owed <= (aPays ? haveA : haveB);
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        if (!enough)
            vm.expectRevert(
                abi.encodeWithSelector(
                    Escrow.InsufficientEscrow.selector, aPays ? a.owner : b.owner, owed, aPays ? haveA : haveB
                )
            );
        target.settle(head, sigA, sigB);
        (Escrow.Pair memory pair,,) = target.pairOf(a.owner, b.owner);
        if (!enough) owed = 0;
        _same(pair.balanceA, aPays ? haveA - owed : haveA + owed, "balanceA");
        _same(pair.balanceB, aPays ? haveB + owed : haveB - owed, "balanceB");
        _same(pair.seq, enough ? 1 : 0, "seq");
        _same(pair.open == 0 ? 0 : 1, 0, "open");
    }

    function testFuzz_partialKeepsWhatIsMissing(uint96 fund, uint96 cumA, uint96 later) public {
        uint256 have = _between(fund, 1, 1e20);
        target.deposit(a.owner, b.owner, true, uint128(have));
        Head memory head = _head(1, uint128(_between(cumA, 1, 2e20)), 0);
        target.settlePartial(head, _sign(head, a.hot), _sign(head, b.hot));
        uint256 paid = have < head.cumA ? have : head.cumA;
        (Escrow.Pair memory pair,,) = target.pairOf(a.owner, b.owner);
        _same(pair.balanceB, paid, "paid");
        _same(uint256(int256(pair.open)), head.cumA - paid, "open");
        uint256 more = _between(later, 1, 4e20);
        target.deposit(a.owner, b.owner, true, uint128(more));
        if (head.cumA == paid) vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToCollect.selector, a.owner, b.owner));
        target.collect(a.owner, b.owner);
        (pair,,) = target.pairOf(a.owner, b.owner);
        _same(uint256(pair.balanceB) + uint256(int256(pair.open)), head.cumA, "paid or open");
    }

    function testFuzz_signerStaysBelowTheCap(uint64 cap, uint96[8] memory growth, uint32[8] memory pause) public {
        cap = uint64(_between(cap, 1, 1e15));
        vm.prank(a.owner);
        target.setDailyCap(cap);
        vm.warp(START + 20 days);
        target.deposit(a.owner, b.owner, true, 1e24);
        uint256 since = block.timestamp;
        uint256 total = 0;
        for (uint64 turn = 0; turn < 8; turn++) {
            vm.warp(block.timestamp + _between(pause[turn], 0, 3 days));
            Head memory head = _head(turn + 1, uint128(total + _between(growth[turn], 0, 3 * uint256(cap))), 0);
            try target.settle(head, _sign(head, a.hot), _sign(head, b.hot)) {
                total = head.cumA;
            } catch (bytes memory reason) {
                _same(uint32(bytes4(reason)), uint32(Settlement.DailyCapExceeded.selector), "only the cap stands against it");
            }
            _sure(total * 1 days <= uint256(cap) * (block.timestamp - since + 1 days), "above the cap");
        }
        Head memory last = _head(100, uint128(total) + 10 * uint128(cap), 0);
        target.settle(last, _sign(last, a.cold), _sign(last, b.hot));
    }

    function testFuzz_aWithdrawalLeavesWhatIsOwed(uint96 fund, uint96 asked, uint96 cumA) public {
        uint256 have = _between(fund, 2, 1e20);
        target.deposit(a.owner, b.owner, true, uint128(have));
        uint96 amount = uint96(_between(asked, 1, have));
        vm.prank(a.owner);
        target.requestWithdraw(a.owner, b.owner, amount);
        vm.warp(block.timestamp + 30 days - 1);
        Head memory head = _head(1, uint128(_between(cumA, 0, have - 1)), 0);
        target.settle(head, _sign(head, a.hot), _sign(head, b.hot));
        vm.warp(block.timestamp + 1);
        uint256 left = have - head.cumA;
        vm.prank(a.owner);
        target.executeWithdraw(a.owner, b.owner);
        _same(token.balanceOf(a.owner), amount < left ? amount : left, "withdrawn");
        (Escrow.Pair memory pair,,) = target.pairOf(a.owner, b.owner);
        _same(pair.balanceB, head.cumA, "paid first");
        _same(token.balanceOf(address(target)), uint256(pair.balanceA) + pair.balanceB, "held");
    }

    function testFuzz_noOtherKeySettles(uint256 keyA, uint256 keyB) public {
        (keyA, keyB) = (_between(keyA, 1, 1e30), _between(keyB, 1, 1e30));
        bool good = (keyA == a.hot || keyA == a.cold) && (keyB == b.hot || keyB == b.cold);
        if (good) return;
        Head memory head = _head(1, 0, 0);
        (bool done,) = address(target).call(
            abi.encodeCall(Settlement.settle, (head, _sign(head, keyA), _sign(head, keyB)))
        );
        _sure(!done, "settled by strangers");
    }

    function testFuzz_windowOfARotatedKey(uint32 ends, uint32 settles) public {
        uint256 rotated = block.timestamp;
        uint256 former = a.hot;
        _rotate(a, 77_777);
        uint256 end = START + _between(ends, 1, 20 days);
        uint256 time = rotated + _between(settles, 0, 60 days);
        if (time < end) time = end;
        vm.warp(time);
        Head memory head = _head(1, 0, 0);
        head.end = uint64(end);
        bool good = end <= rotated && time <= rotated + 30 days;
        (bytes memory sigA, bytes memory sigB) = (_sign(head, former), _sign(head, b.hot));
        if (!good) vm.expectRevert(abi.encodeWithSelector(Registry.KeyOver.selector, a.owner, vm.addr(former), rotated, false));
        target.settle(head, sigA, sigB);
    }
}
