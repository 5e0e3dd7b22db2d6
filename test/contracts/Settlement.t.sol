// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Escrow} from "settlement/Escrow.sol";
import {Head} from "settlement/Records.sol";
import {RecordLog} from "settlement/RecordLog.sol";
import {Registry} from "settlement/Registry.sol";
import {Settlement} from "settlement/Settlement.sol";
import {Rig} from "./Rig.sol";

/// @title Settling
contract SettlementTest is Rig {
    event Settled(address indexed a, address indexed b, uint64 indexed seq, bytes32 head, address payer, uint256 due, uint256 paid);
    event Shortfall(address indexed a, address indexed b, uint64 indexed seq, address payer, uint256 missing);
    event Collected(address indexed a, address indexed b, address payer, uint256 paid);
    event NotSettled(address indexed a, address indexed b, uint64 indexed seq, bytes reason);

    function setUp() public {
        _openAll();
        vm.warp(START + 10 days);
        target.deposit(a.owner, b.owner, true, 100);
        target.deposit(a.owner, b.owner, false, 50);
    }

    function _pair() private view returns (Escrow.Pair memory pair) {
        (pair,,) = target.pairOf(a.owner, b.owner);
    }

    function _settle(Head memory head) private {
        target.settle(head, _sign(head, a.hot), _sign(head, b.hot));
    }

    function _refuses(Head memory head, bytes memory reason) private {
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        vm.expectRevert(reason);
        target.settle(head, sigA, sigB);
    }

    function test_paysTheNetDifference() public {
        Head memory head = _head(5, 30, 10);
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        vm.expectEmit(true, true, true, true);
        emit Settled(a.owner, b.owner, 5, _digest(head), a.owner, 20, 20);
        target.settle(head, sigA, sigB);
        Escrow.Pair memory pair = _pair();
        _sure(pair.balanceA == 80 && pair.balanceB == 70 && pair.open == 0, "money");
        _sure(pair.cumA == 30 && pair.cumB == 10 && pair.seq == 5 && pair.head == _digest(head), "record");
        head = _head(6, 30, 80);
        (sigA, sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        vm.expectEmit(true, true, true, true);
        emit Settled(a.owner, b.owner, 6, _digest(head), b.owner, 70, 70);
        target.settle(head, sigA, sigB);
        _sure(_pair().balanceA == 150 && _pair().balanceB == 0, "back");
    }

    function test_refusesWhatIsNotNew() public {
        _settle(_head(5, 30, 10));
        _refuses(_head(5, 40, 10), abi.encodeWithSelector(Settlement.StaleSeq.selector, 5, 5));
        _refuses(_head(4, 40, 10), abi.encodeWithSelector(Settlement.StaleSeq.selector, 4, 5));
        _refuses(_head(6, 29, 10), abi.encodeWithSelector(Settlement.FallingTotal.selector, a.owner, 29, 30));
        _refuses(_head(6, 30, 9), abi.encodeWithSelector(Settlement.FallingTotal.selector, b.owner, 9, 10));
        _settle(_head(6, 30, 10));
    }

    function test_refusesWhatIsNotARecord() public {
        Head memory head = _head(1, 1, 0);
        head.end = head.start;
        _refuses(head, abi.encodeWithSelector(RecordLog.BadPeriod.selector, START, START));
        head.end = uint64(block.timestamp + 1 hours + 1);
        _refuses(head, abi.encodeWithSelector(RecordLog.FutureEnd.selector, head.end, head.end - 1));
        head.end -= 1;
        _settle(head);
        head = _head(2, 1, 0);
        (head.a, head.b) = (head.b, head.a);
        _refuses(head, abi.encodeWithSelector(Registry.PartiesNotOrdered.selector, b.owner, a.owner));
        head = _head(2, 1, 0);
        head.a = address(1);
        _refuses(head, abi.encodeWithSelector(Registry.UnknownParty.selector, address(1)));
        head = _head(2, 1, 0);
        head.b = address(type(uint160).max);
        _refuses(head, abi.encodeWithSelector(Registry.UnknownParty.selector, head.b));
    }

    function test_refusesOtherSignatures() public {
        Head memory head = _head(1, 1, 0);
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, a.owner, b.signer));
        target.settle(head, sigB, sigB);
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, b.owner, a.signer));
        target.settle(head, sigA, sigA);
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, b.owner, address(0)));
        target.settle(head, sigA, "");
        // The twin of a signature with the other s.
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(a.hot, _digest(head));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory twin = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, a.owner, address(0)));
        target.settle(head, twin, sigB);
        target.settle(head, sigA, sigB);
    }

    function test_needsTheWholeSum() public {
        _refuses(_head(1, 101, 0), abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, a.owner, 101, 100));
        _refuses(_head(1, 0, 51), abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, b.owner, 51, 50));
        _settle(_head(1, 100, 0));
        _sure(_pair().balanceA == 0 && _pair().balanceB == 150, "to the last unit");
    }

    function test_keepsAShortfallOpen() public {
        Head memory head = _head(1, 130, 0);
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.hot));
        vm.expectEmit(true, true, true, true);
        emit Settled(a.owner, b.owner, 1, _digest(head), a.owner, 130, 100);
        vm.expectEmit(true, true, true, true);
        emit Shortfall(a.owner, b.owner, 1, a.owner, 30);
        target.settlePartial(head, sigA, sigB);
        _sure(_pair().balanceA == 0 && _pair().balanceB == 150 && _pair().open == 30, "partly");
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToCollect.selector, a.owner, b.owner));
        target.collect(a.owner, b.owner);
        target.deposit(a.owner, b.owner, true, 10);
        vm.expectEmit(true, true, true, true);
        emit Collected(a.owner, b.owner, a.owner, 10);
        vm.expectEmit(true, true, true, true);
        emit Shortfall(a.owner, b.owner, 1, a.owner, 20);
        target.collect(a.owner, b.owner);
        _sure(_pair().balanceA == 0 && _pair().balanceB == 160 && _pair().open == 20, "collected");
        // b owes 25 more: the open 20 are netted.
        _settle(_head(2, 130, 25));
        _sure(_pair().balanceA == 5 && _pair().balanceB == 155 && _pair().open == 0, "netted");
        head = _head(3, 130, 225);
        target.settlePartial(head, _sign(head, a.hot), _sign(head, b.hot));
        _sure(_pair().balanceA == 160 && _pair().balanceB == 0 && _pair().open == -45, "b lacks");
        target.deposit(a.owner, b.owner, false, 100);
        target.collect(a.owner, b.owner);
        _sure(_pair().balanceA == 205 && _pair().balanceB == 55 && _pair().open == 0, "b paid");
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToCollect.selector, a.owner, b.owner));
        target.collect(a.owner, b.owner);
    }

    function _signed(Head memory head, uint256 keyA, uint256 keyB) private view returns (Settlement.Signed memory) {
        return Settlement.Signed(head, _sign(head, keyA), _sign(head, keyB));
    }

    function test_manySettleWithoutWaitingForABadOne() public {
        target.deposit(a.owner, c.owner, true, 10);
        Settlement.Signed[] memory many = new Settlement.Signed[](4);
        many[0] = _signed(_headOf(b, c, 1, 9, 0), b.hot, c.hot);
        many[1] = _signed(_head(1, 30, 0), a.hot, b.hot);
        many[2] = _signed(_head(1, 30, 0), a.hot, b.hot);
        many[3] = _signed(_headOf(a, c, 1, 4, 0), a.hot, c.hot);
        bytes memory short = abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, b.owner, 9, 0);
        vm.expectEmit(true, true, true, true);
        emit NotSettled(b.owner, c.owner, 1, short);
        bytes[] memory reasons = target.settleMany(many);
        _sure(keccak256(reasons[0]) == keccak256(short), "short");
        _same(reasons[1].length + reasons[3].length, 0, "settled");
        bytes memory stale = abi.encodeWithSelector(Settlement.StaleSeq.selector, 1, 1);
        _sure(keccak256(reasons[2]) == keccak256(stale), "stale");
        (Escrow.Pair memory third,,) = target.pairOf(a.owner, c.owner);
        _sure(_pair().balanceB == 80 && third.balanceB == 4, "paid");
        (Escrow.Pair memory bad,,) = target.pairOf(b.owner, c.owner);
        _same(bad.seq, 0, "unchanged");
    }
}
