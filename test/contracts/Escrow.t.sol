// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Escrow} from "settlement/Escrow.sol";
import {Head} from "settlement/Records.sol";
import {Registry} from "settlement/Registry.sol";
import {Settlement} from "settlement/Settlement.sol";
import {ReentrantToken} from "./ReentrantToken.sol";
import {Rig} from "./Rig.sol";

/// @title Money in and out
contract EscrowTest is Rig {
    event WithdrawRequested(address indexed a, address indexed b, address indexed owner, uint256 amount, uint256 from, uint256 until);

    function setUp() public {
        _openAll();
        vm.warp(START + 10 days);
        target.deposit(a.owner, b.owner, true, 100);
        target.deposit(a.owner, b.owner, false, 7);
    }

    function _pair() private view returns (Escrow.Pair memory pair) {
        (pair,,) = target.pairOf(a.owner, b.owner);
    }

    function _leaving() private view returns (uint256, uint256) {
        (, Escrow.Request memory one, Escrow.Request memory other) = target.pairOf(a.owner, b.owner);
        return (one.amount, other.amount);
    }

    function _request(Who memory who, uint96 amount) private {
        vm.prank(who.owner);
        target.requestWithdraw(a.owner, b.owner, amount);
    }

    function _execute(Who memory who) private {
        vm.prank(who.owner);
        target.executeWithdraw(a.owner, b.owner);
    }

    function _partial(uint64 seq, uint128 cumA, uint128 cumB) private {
        Head memory head = _head(seq, cumA, cumB);
        target.settlePartial(head, _sign(head, a.hot), _sign(head, b.hot));
    }

    function test_deposits() public {
        _sure(_pair().balanceA == 100 && _pair().balanceB == 7, "sides");
        _sure(_pair().usedA == START + 10 days && _pair().usedB == START + 10 days, "days begin");
        vm.warp(START + 11 days);
        target.deposit(a.owner, b.owner, true, 1);
        _same(_pair().usedA, START + 10 days, "once");
        vm.expectRevert(abi.encodeWithSelector(Registry.PartiesNotOrdered.selector, b.owner, a.owner));
        target.deposit(b.owner, a.owner, true, 1);
        vm.expectRevert(abi.encodeWithSelector(Registry.PartiesNotOrdered.selector, a.owner, a.owner));
        target.deposit(a.owner, a.owner, true, 1);
        vm.expectRevert(abi.encodeWithSelector(Escrow.ZeroAmount.selector));
        target.deposit(a.owner, b.owner, true, 0);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(1)));
        target.deposit(address(1), b.owner, true, 1);
        address high = address(type(uint160).max);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, high));
        target.deposit(a.owner, high, true, 1);
        uint128 full = type(uint96).max;
        vm.expectRevert(abi.encodeWithSelector(Escrow.TooMuch.selector, a.owner, b.owner, full));
        target.deposit(a.owner, b.owner, false, full);
    }

    function test_aPairHoldsLessThanTwoToThe96() public {
        ReentrantToken rich = new ReentrantToken();
        target = new Settlement(IERC20(address(rich)), REGISTRAR);
        _register(a);
        _register(b);
        uint128 full = type(uint96).max;
        target.deposit(a.owner, b.owner, true, full - 5);
        target.deposit(a.owner, b.owner, false, 5);
        vm.expectRevert(abi.encodeWithSelector(Escrow.TooMuch.selector, a.owner, b.owner, 1));
        target.deposit(a.owner, b.owner, false, 1);
    }

    function test_depositsForMany() public {
        Escrow.Deposit[] memory many = new Escrow.Deposit[](3);
        many[0] = Escrow.Deposit(a.owner, b.owner, true, 10);
        many[1] = Escrow.Deposit(a.owner, c.owner, false, 20);
        many[2] = Escrow.Deposit(b.owner, c.owner, true, 30);
        target.depositMany(many);
        _same(token.balanceOf(address(target)), 167, "held");
        (Escrow.Pair memory second,,) = target.pairOf(a.owner, c.owner);
        (Escrow.Pair memory third,,) = target.pairOf(b.owner, c.owner);
        _sure(_pair().balanceA == 110 && second.balanceB == 20 && third.balanceA == 30, "sides");
        many[1].amount = 0;
        vm.expectRevert(abi.encodeWithSelector(Escrow.ZeroAmount.selector));
        target.depositMany(many);
    }

    function _withdraw(uint128 amountA, uint128 amountB, uint64 nonce, uint256 keyA, uint256 keyB) private {
        uint64 deadline = uint64(START + 11 days);
        bytes memory sigA = _signWithdrawal(keyA, a.owner, b.owner, amountA, amountB, nonce, deadline);
        bytes memory sigB = _signWithdrawal(keyB, a.owner, b.owner, amountA, amountB, nonce, deadline);
        target.withdraw(a.owner, b.owner, amountA, amountB, nonce, deadline, sigA, sigB);
    }

    function withdrawBoth(uint128 amountA, uint128 amountB, uint64 nonce, uint256 keyA, uint256 keyB) external {
        _withdraw(amountA, amountB, nonce, keyA, keyB);
    }

    function _withdrawFails(uint128 amountA, uint128 amountB, uint64 nonce, uint256 keyA, uint256 keyB, bytes memory why) private {
        try this.withdrawBoth(amountA, amountB, nonce, keyA, keyB) {
            revert Failed("withdrawn");
        } catch (bytes memory reason) {
            _sure(keccak256(reason) == keccak256(why), "another reason");
        }
    }

    function test_bothOwnersWithdrawAtOnce() public {
        _withdrawFails(0, 0, 0, a.cold, b.cold, abi.encodeWithSelector(Escrow.ZeroAmount.selector));
        _withdrawFails(1, 1, 1, a.cold, b.cold, abi.encodeWithSelector(Escrow.WrongNonce.selector, 1, 0));
        _withdrawFails(1, 1, 0, a.hot, b.cold, abi.encodeWithSelector(Escrow.NotOwner.selector, a.owner, a.signer));
        _withdrawFails(1, 1, 0, a.cold, b.hot, abi.encodeWithSelector(Escrow.NotOwner.selector, b.owner, b.signer));
        _withdrawFails(101, 0, 0, a.cold, b.cold, abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, a.owner, 101, 100));
        _withdrawFails(0, 8, 0, a.cold, b.cold, abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, b.owner, 8, 7));
        uint128 wide = uint128(1) << 96;
        _withdrawFails(wide, 0, 0, a.cold, b.cold, abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, a.owner, wide, 100));
        _withdraw(30, 0, 0, a.cold, b.cold);
        _withdraw(0, 7, 1, a.cold, b.cold);
        _sure(_pair().balanceA == 70 && _pair().balanceB == 0 && _pair().withdrawals == 2, "left");
        _sure(token.balanceOf(a.owner) == 30 && token.balanceOf(b.owner) == 7, "taken");
        vm.warp(START + 11 days);
        _withdraw(1, 0, 2, a.cold, b.cold);
        vm.warp(START + 11 days + 1);
        _withdrawFails(1, 0, 3, a.cold, b.cold, abi.encodeWithSelector(Escrow.Expired.selector, START + 11 days, START + 11 days + 1));
        bytes memory empty = "";
        vm.expectRevert(abi.encodeWithSelector(Registry.PartiesNotOrdered.selector, b.owner, a.owner));
        target.withdraw(b.owner, a.owner, 1, 0, 0, type(uint64).max, empty, empty);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(0)));
        target.withdraw(address(0), a.owner, 1, 0, 0, type(uint64).max, empty, empty);
    }

    function test_oneSideWithdrawsAfterAWindow() public {
        uint256 from = block.timestamp + 30 days;
        vm.expectRevert(abi.encodeWithSelector(Escrow.NotInPair.selector, address(this), a.owner, b.owner));
        target.requestWithdraw(a.owner, b.owner, 1);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.ZeroAmount.selector));
        target.requestWithdraw(a.owner, b.owner, 0);
        vm.prank(b.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.InsufficientEscrow.selector, b.owner, 8, 7));
        target.requestWithdraw(a.owner, b.owner, 8);
        vm.expectEmit(true, true, true, true);
        emit WithdrawRequested(a.owner, b.owner, a.owner, 60, from, from + 30 days);
        _request(a, 60);
        (uint256 leavingA, uint256 leavingB) = _leaving();
        _sure(leavingA == 60 && leavingB == 0, "announced");
        vm.warp(from - 1);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.TooEarly.selector, from, from - 1));
        target.executeWithdraw(a.owner, b.owner);
        vm.prank(b.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.NoRequest.selector, b.owner));
        target.executeWithdraw(a.owner, b.owner);
        vm.warp(from);
        _execute(a);
        _sure(token.balanceOf(a.owner) == 60 && _pair().balanceA == 40, "paid");
        (leavingA,) = _leaving();
        _same(leavingA, 0, "done");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.NoRequest.selector, a.owner));
        target.executeWithdraw(a.owner, b.owner);
        _request(b, 7);
        (, leavingB) = _leaving();
        _same(leavingB, 7, "b announced");
        vm.warp(from + 60 days);
        _execute(b);
        _sure(token.balanceOf(b.owner) == 7 && _pair().balanceB == 0 && _pair().balanceA == 40, "b paid");
    }

    function test_anAnnouncementLapsesIsCancelledAndReplaced() public {
        uint256 start = block.timestamp;
        _request(a, 60);
        vm.warp(start + 60 days);
        (uint256 leavingA,) = _leaving();
        _same(leavingA, 60, "last second");
        vm.warp(start + 60 days + 1);
        (leavingA,) = _leaving();
        _same(leavingA, 0, "lapsed");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.NoRequest.selector, a.owner));
        target.executeWithdraw(a.owner, b.owner);
        _request(a, 60);
        vm.warp(block.timestamp + 29 days);
        _request(a, 61);
        vm.warp(block.timestamp + 29 days);
        uint256 from = block.timestamp + 1 days;
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.TooEarly.selector, from, block.timestamp));
        target.executeWithdraw(a.owner, b.owner);
        vm.prank(a.owner);
        target.cancelWithdraw(a.owner, b.owner);
        (leavingA,) = _leaving();
        _same(leavingA, 0, "cancelled");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.NoRequest.selector, a.owner));
        target.cancelWithdraw(a.owner, b.owner);
    }

    function test_aNewerRecordAndOpenDuesGoFirst() public {
        _request(a, 100);
        _request(b, 7);
        _partial(1, 30, 0);
        (uint256 leavingA, uint256 leavingB) = _leaving();
        _sure(leavingA == 70 && leavingB == 7, "clipped");
        _partial(2, 150, 0);
        (leavingA,) = _leaving();
        _same(leavingA, 0, "all owed");
        target.deposit(a.owner, b.owner, true, 90);
        (leavingA,) = _leaving();
        _same(leavingA, 40, "less what is open");
        vm.warp(block.timestamp + 30 days);
        _execute(a);
        _sure(token.balanceOf(a.owner) == 40 && _pair().balanceA == 50 && _pair().open == 50, "open is kept");
        target.collect(a.owner, b.owner);
        _sure(_pair().balanceA == 0 && _pair().balanceB == 157, "collected");
        _execute(b);
        _same(token.balanceOf(b.owner), 7, "no more than announced");
    }

    function test_openDuesOfTheOtherSideToo() public {
        _request(b, 7);
        _partial(1, 0, 10);
        _sure(_pair().open == -3 && _pair().balanceA == 107, "b owes 3");
        vm.warp(block.timestamp + 30 days);
        vm.prank(b.owner);
        vm.expectRevert(abi.encodeWithSelector(Escrow.ZeroAmount.selector));
        target.executeWithdraw(a.owner, b.owner);
        target.deposit(a.owner, b.owner, false, 5);
        _execute(b);
        _sure(token.balanceOf(b.owner) == 2 && _pair().balanceB == 3, "less what is open");
    }

    function test_aReentrantTokenGetsNothingTwice() public {
        ReentrantToken evil = new ReentrantToken();
        target = new Settlement(IERC20(address(evil)), REGISTRAR);
        _register(a);
        _register(b);
        target.deposit(a.owner, b.owner, true, 100);
        target.deposit(a.owner, b.owner, false, 100);
        _request(a, 40);
        vm.warp(block.timestamp + 30 days);
        evil.arm(address(target), abi.encodeCall(Escrow.executeWithdraw, (a.owner, b.owner)));
        _execute(a);
        _sure(evil.tried() && !evil.worked() && _pair().balanceA == 60, "executeWithdraw");
        uint64 deadline = type(uint64).max;
        bytes memory sigA = _signWithdrawal(a.cold, a.owner, b.owner, 10, 10, 0, deadline);
        bytes memory sigB = _signWithdrawal(b.cold, a.owner, b.owner, 10, 10, 0, deadline);
        bytes memory again = abi.encodeCall(Escrow.withdraw, (a.owner, b.owner, 10, 10, 0, deadline, sigA, sigB));
        evil.arm(address(target), again);
        target.withdraw(a.owner, b.owner, 10, 10, 0, deadline, sigA, sigB);
        _sure(evil.tried() && !evil.worked() && _pair().balanceA == 50 && _pair().balanceB == 90, "withdraw");
        _same(evil.out(), 60, "paid out");
    }
}
